/* The bytes at a function's entry: which layout they have, and the words that a redirection writes. */
#ifndef HOTRELOAD_ENTRY_H
#define HOTRELOAD_ENTRY_H

#include <stdint.h>

#include "errors.h"
#include "segments.h"

/* Some bytes of one aligned 8-byte word: where it is, which bytes of it, and what they are to be. */
struct hotreload_word {
  uint64_t address; /* multiple of 8 */
  uint64_t mask;    /* 0xff for each byte to write */
  uint64_t value;   /* zero outside the mask */
};

struct hotreload_entry {
  /* The words to write, in this order. With endbr64 at the entry there are two: the jump in the padding, which
   * nothing reaches yet, then the two bytes that lead to it. Otherwise one word has both. */
  struct hotreload_word words[2];
  uint32_t word_count;
  /* The first word changes where calls go: there is only one, or the entry leads to the padding already. */
  bool first_word_redirects;
  /* Where an earlier jump in the padding leads, 0 if there is none. */
  uint64_t previous;
};

/* Reads the bytes around `entry`, which must be mapped as far as `segment` says, and works out the words that send
 * it to `target`. Nothing is assumed about the compiler: bytes that are not known are refused. No lock, no memory.
 * Errors: E_AGENT_ENTRY (no padding, or not in one aligned word), E_AGENT_BREAKPOINT, E_AGENT_TARGET (out of
 * reach). */
bool hotreload_entry_plan(uint64_t entry, uint64_t target, const struct hotreload_segment *segment,
                          struct hotreload_entry *plan, struct hotreload_error *error);

/* The same for a function that is to run its own code again: the word that makes the bytes at its entry no-ops. There is
 * none, and `word_count` is 0, if they are. Errors: E_AGENT_ENTRY, E_AGENT_BREAKPOINT. */
bool hotreload_entry_plan_return(uint64_t entry, const struct hotreload_segment *segment, struct hotreload_entry *plan,
                                 struct hotreload_error *error);

/* Writes a word with one atomic 8-byte store. The other bytes of the word stay as they are at that instant, even if
 * a debugger changes one of them meanwhile. The page must be writable. */
void hotreload_word_store(const struct hotreload_word *word);

#endif

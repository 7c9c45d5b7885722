/* The bytes at a function's entry: which layout they have, and the words that a redirection writes.
 *
 * -fpatchable-function-entry=8,6 with -falign-functions=16, as gcc 12 and clang 14 write it:
 *
 *   entry - 5   90 90 90 90 90      padding: no thread ever executes it before a redirection
 *   entry       90 90 | 66 90       two no-ops of one byte (gcc), one of two bytes (clang)
 *
 *   entry - 5   90 90 90 90 90
 *   entry       f3 0f 1e fa         endbr64, with -fcf-protection (clang: only where an address is taken)
 *   entry + 4   90 90 | 66 90
 *
 * A redirection makes the padding `jmp target` (e9 and a displacement that counts from the entry) and the no-ops
 * `jmp padding` (eb f9, behind endbr64 eb f5). A thread between two one-byte no-ops executes the second byte alone:
 * f9 is stc and f5 is cmc, and no function expects anything of the carry flag at its entry.
 *
 * A debugger puts an int3 on the entry, and writes the byte back that it found there. Where that is the first byte of the
 * jump or of endbr64 (seen by those behind it), it is the same before and after a redirection to elsewhere, which leaves
 * the int3 alone. Over a no-op it would take a redirection back.
 *
 * A redirection that was undone has its no-ops again, but keeps the jump in the padding, for a thread may stand on it.
 */
#include "entry.h"

#include <string.h>

#define PADDING 5
#define NOT_LAID_OUT "is not laid out by -fpatchable-function-entry=8,6 and -falign-functions=16"

static const uint8_t endbr64[4] = {0xf3, 0x0f, 0x1e, 0xfa};
#define BREAKPOINT 0xcc /* int3 */

static bool entry_refuse(struct hotreload_error *error, enum hotreload_code code, uint64_t entry, const char *why,
                         const uint8_t *bytes) {
  return hotreload_error_set(
      error, code, "the function at %#llx %s (bytes %02x %02x %02x %02x %02x | %02x %02x %02x %02x %02x %02x)",
      (unsigned long long)entry, why, bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7],
      bytes[8], bytes[9], bytes[10]);
}

/* Known ways to write five bytes that do nothing, by GNU as and LLVM. */
static bool is_padding(const uint8_t *bytes) {
  static const uint8_t known[][PADDING] = {
      {0x90, 0x90, 0x90, 0x90, 0x90},
      {0x0f, 0x1f, 0x44, 0x00, 0x00},
  };
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (memcmp(bytes, known[i], PADDING) == 0)
      return true;
  return false;
}

/* Puts bytes into the word that holds all of them; false if they lie in two words. */
static bool word_put(struct hotreload_word *word, uint64_t address, const uint8_t *bytes, uint64_t count) {
  uint64_t offset = address % 8;
  if (offset + count > 8 || (word->mask && word->address != address - offset))
    return false;
  word->address = address - offset;
  for (uint64_t i = 0; i < count; i++) {
    word->mask |= 0xffull << (8 * (offset + i));
    word->value |= (uint64_t)bytes[i] << (8 * (offset + i));
  }
  return true;
}

/* What stands at a function's entry. */
struct bytes {
  uint8_t at[PADDING + 6]; /* the padding, endbr64, two bytes */
  const uint8_t *code;     /* the two bytes: no-ops, or the jump to the padding */
  uint64_t code_address;
  uint8_t jump_back[2]; /* that jump */
  bool marked;          /* with endbr64 */
  bool redirected;
  bool trapped; /* there is an int3 on the first byte of the jump */
};

static bool bytes_read(uint64_t entry, const struct hotreload_segment *segment, struct bytes *bytes,
                       struct hotreload_error *error) {
  if (entry < segment->start + PADDING || segment->end - entry < sizeof bytes->at - PADDING)
    return hotreload_error_set(error, E_AGENT_ENTRY, "the function at %#llx lies at the edge of its segment",
                               (unsigned long long)entry);
  memcpy(bytes->at, (const void *)(entry - PADDING), sizeof bytes->at);
  const uint8_t *at_entry = bytes->at + PADDING;
  bytes->marked = (at_entry[0] == endbr64[0] || at_entry[0] == BREAKPOINT) &&
                  memcmp(at_entry + 1, endbr64 + 1, sizeof endbr64 - 1) == 0;
  bytes->code = bytes->marked ? at_entry + sizeof endbr64 : at_entry;
  bytes->code_address = entry + (uint64_t)(bytes->code - at_entry);
  bytes->jump_back[0] = 0xeb;
  bytes->jump_back[1] = bytes->marked ? 0xf5 : 0xf9;
  const uint8_t *code = bytes->code;
  bool jump = bytes->at[0] == 0xe9;
  bytes->trapped = code[0] == BREAKPOINT && code[1] == bytes->jump_back[1] && jump;
  if (!bytes->trapped && (code[0] == BREAKPOINT || code[1] == BREAKPOINT))
    return entry_refuse(error, E_AGENT_BREAKPOINT, entry, "has an int3", bytes->at);
  bytes->redirected = bytes->trapped || memcmp(code, bytes->jump_back, 2) == 0;
  if (bytes->redirected ? !jump : !((code[0] == 0x90 || code[0] == 0x66) && code[1] == 0x90))
    return entry_refuse(error, E_AGENT_ENTRY, entry, NOT_LAID_OUT, bytes->at);
  if (!jump && !is_padding(bytes->at))
    return entry_refuse(error, E_AGENT_ENTRY, entry, NOT_LAID_OUT, bytes->at);
  return true;
}

/* Where the jump in the padding leads, 0 if there is none. */
static uint64_t bytes_previous(const struct bytes *bytes, uint64_t entry) {
  int32_t displacement;
  if (bytes->at[0] != 0xe9)
    return 0;
  memcpy(&displacement, bytes->at + 1, sizeof displacement);
  return entry + (uint64_t)(int64_t)displacement;
}

bool hotreload_entry_plan(uint64_t entry, uint64_t target, const struct hotreload_segment *segment,
                          struct hotreload_entry *plan, struct hotreload_error *error) {
  struct bytes bytes;
  *plan = (struct hotreload_entry){0};
  if (!bytes_read(entry, segment, &bytes, error))
    return false;
  plan->previous = bytes_previous(&bytes, entry);
  int64_t distance = (int64_t)(target - entry);
  if (distance != (int32_t)distance)
    return hotreload_error_set(error, E_AGENT_TARGET, "%#llx is too far from %#llx", (unsigned long long)target,
                               (unsigned long long)entry);
  int32_t displacement = (int32_t)distance;
  uint8_t jump[PADDING] = {0xe9};
  memcpy(jump + 1, &displacement, sizeof displacement);

  bool two_words = bytes.marked && !bytes.trapped;
  struct hotreload_word *code_word = &plan->words[two_words ? 1 : 0];
  plan->word_count = two_words ? 2 : 1;
  plan->first_word_redirects = !bytes.marked || bytes.redirected;
  if (!word_put(&plan->words[0], entry - PADDING, jump, sizeof jump))
    return entry_refuse(error, E_AGENT_ENTRY, entry, NOT_LAID_OUT, bytes.at);
  if (!bytes.trapped &&
      !word_put(code_word, bytes.code_address, bytes.jump_back, sizeof bytes.jump_back))
    return entry_refuse(error, E_AGENT_ENTRY, entry, NOT_LAID_OUT, bytes.at);
  return true;
}

bool hotreload_entry_plan_return(uint64_t entry, const struct hotreload_segment *segment, struct hotreload_entry *plan,
                                 struct hotreload_error *error) {
  /* One no-op of two bytes, whatever the compiler wrote: it is as good for a thread that stands on the second one. */
  static const uint8_t no_op[2] = {0x66, 0x90};
  struct bytes bytes;
  *plan = (struct hotreload_entry){.first_word_redirects = true};
  if (!bytes_read(entry, segment, &bytes, error))
    return false;
  if (bytes.trapped)
    return entry_refuse(error, E_AGENT_BREAKPOINT, entry, "has an int3", bytes.at);
  plan->previous = bytes_previous(&bytes, entry);
  plan->word_count = bytes.redirected ? 1 : 0;
  if (bytes.redirected && !word_put(&plan->words[0], bytes.code_address, no_op, sizeof no_op))
    return entry_refuse(error, E_AGENT_ENTRY, entry, NOT_LAID_OUT, bytes.at);
  return true;
}

void hotreload_word_store(const struct hotreload_word *word) {
  uint64_t *at = (uint64_t *)word->address;
  uint64_t old = __atomic_load_n(at, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n(at, &old, (old & ~word->mask) | word->value, false, __ATOMIC_SEQ_CST,
                                      __ATOMIC_RELAXED)) {
  }
}

/* Entries of real functions of both compilers, and byte patterns that must be refused. */
#include "entry.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdlib.h>

#include "expect.h"
#include "redirect.h"

typedef int function(int);

/* Everything counts as the agent's own, so that a function may be redirected again. */
static const struct hotreload_ranges everywhere = {
    .items = &(struct hotreload_range){.start = 0, .size = 1ull << 47}, .count = 1};

static bool redirect(function *entry, function *target, struct hotreload_error *error) {
  uint64_t nanoseconds;
  struct hotreload_redirect list[] = {{(uint64_t)entry, (uint64_t)target}};
  return hotreload_redirect_write(list, 1, NULL, &everywhere, &nanoseconds, error);
}

/* The library was built by the compiler with these flags: redirect its function, again, back, and once more. */
static void library_test(const char *path) {
  static char sentence[256];
  snprintf(sentence, sizeof sentence, "a function of %s is redirected, redirected again, undone and redirected", path);
  test_begin(sentence);
  char absolute[4096];
  void *library = realpath(path, absolute) ? dlopen(absolute, RTLD_NOW | RTLD_LOCAL) : NULL;
  if (!EXPECT(library != NULL))
    return;
  function *victim = (function *)(uintptr_t)dlsym(library, "victim");
  function *other = (function *)(uintptr_t)dlsym(library, "victim_other");
  function *third = (function *)(uintptr_t)dlsym(library, "victim_third");
  const unsigned char *bytes = (const unsigned char *)victim;
  bool marked = bytes[0] == 0xf3 && bytes[1] == 0x0f;
  EXPECT(marked == (strstr(path, "-full") != NULL));
  struct hotreload_error error = {0};
  EXPECT(victim(10) == 11);
  EXPECT(redirect(victim, other, &error));
  EXPECT(victim(10) == 12 && other(10) == 12);
  EXPECT(redirect(victim, third, &error));
  EXPECT(victim(10) == 13 && third(10) == 13);
  EXPECT(!marked || memcmp(bytes, "\xf3\x0f\x1e\xfa", 4) == 0);
  for (int i = 0; i < 2; i++) {
    EXPECT(redirect(victim, HOTRELOAD_OWN_CODE, &error));
    EXPECT(victim(10) == 11);
  }
  EXPECT(redirect(victim, other, &error));
  EXPECT(victim(10) == 12);
  EXPECT_ERROR(error, HOTRELOAD_NO_ERROR);

  /* The function behind victim_static is not exported; clang gives it no endbr64. */
  function *calls_hidden = (function *)(uintptr_t)dlsym(library, "victim_static");
  EXPECT(calls_hidden(1) == 2);
  EXPECT(redirect(calls_hidden, third, &error));
  EXPECT(calls_hidden(1) == 4);
}

/* Plans a redirection of bytes that lie at `offset` in an aligned word, or the way back. */
static bool plan(const char *bytes, size_t count, size_t offset, bool back, struct hotreload_entry *result,
                 struct hotreload_error *error) {
  static _Alignas(16) unsigned char code[64];
  memset(code, 0x90, sizeof code);
  memcpy(code + 16 + offset, bytes, count);
  struct hotreload_segment segment = {(uint64_t)code, (uint64_t)code + sizeof code, PF_R | PF_X};
  uint64_t entry = (uint64_t)code + 16 + offset + 5;
  *error = (struct hotreload_error){0};
  return back ? hotreload_entry_plan_return(entry, &segment, result, error)
              : hotreload_entry_plan(entry, entry + 0x1000, &segment, result, error);
}

#define PLAN(bytes, offset) plan(bytes, sizeof bytes - 1, offset, false, &result, &error)
#define RETURN(bytes, offset) plan(bytes, sizeof bytes - 1, offset, true, &result, &error)

static void patterns_test(void) {
  struct hotreload_entry result;
  struct hotreload_error error;

  test_begin("padding and no-ops of both compilers are known");
  EXPECT(PLAN("\x90\x90\x90\x90\x90\x90\x90\x55", 0) && result.word_count == 1 && result.first_word_redirects);
  EXPECT(PLAN("\x90\x90\x90\x90\x90\x66\x90\x55", 0) && result.word_count == 1);
  EXPECT(PLAN("\x0f\x1f\x44\x00\x00\x66\x90\x55", 0) && result.word_count == 1);
  EXPECT(PLAN("\x90\x90\x90\x90\x90\xf3\x0f\x1e\xfa\x90\x90", 0) && result.word_count == 2);
  EXPECT(!result.first_word_redirects && result.words[1].address == result.words[0].address + 8);

  test_begin("the eighth byte of the word is not part of the plan");
  EXPECT(PLAN("\x90\x90\x90\x90\x90\x90\x90\x55", 0) && result.words[0].mask == 0x00ffffffffffffffull);
  EXPECT(result.words[0].value == 0x00f9eb00001000e9ull);
  EXPECT(PLAN("\x90\x90\x90\x90\x90\xf3\x0f\x1e\xfa\x90\x90", 0));
  EXPECT(result.words[0].mask == 0x000000ffffffffffull && result.words[1].mask == 0x0000000000ffff00ull);
  EXPECT(result.words[1].value == 0x0000000000f5eb00ull);

  test_begin("an earlier redirection is known, and where it leads");
  EXPECT(PLAN("\xe9\x00\x02\x00\x00\xeb\xf9\x55", 0) && result.previous != 0 && result.first_word_redirects);
  EXPECT(PLAN("\xe9\x00\x02\x00\x00\x90\x90\x55", 0) && result.previous != 0);
  EXPECT(PLAN("\xe9\x00\x02\x00\x00\xf3\x0f\x1e\xfa\xeb\xf5", 0) && result.first_word_redirects);
  EXPECT(PLAN("\xe9\x00\x02\x00\x00\xf3\x0f\x1e\xfa\x66\x90", 0) && !result.first_word_redirects);

  test_begin("the way back to its own code is one word at the entry, or none where it is not redirected");
  EXPECT(RETURN("\xe9\x00\x02\x00\x00\xeb\xf9\x55", 0) && result.word_count == 1 && result.previous != 0);
  EXPECT(result.words[0].mask == 0x00ffff0000000000ull && result.words[0].value == 0x0090660000000000ull);
  EXPECT(RETURN("\xe9\x00\x02\x00\x00\xf3\x0f\x1e\xfa\xeb\xf5", 0) && result.word_count == 1);
  EXPECT(result.words[0].mask == 0x0000000000ffff00ull && result.words[0].value == 0x0000000000906600ull);
  EXPECT(RETURN("\xe9\x00\x02\x00\x00\x66\x90\x55", 0) && result.word_count == 0);
  EXPECT(RETURN("\x90\x90\x90\x90\x90\x90\x90\x55", 0) && result.word_count == 0 && result.previous == 0);
  EXPECT(!RETURN("\xe9\x00\x02\x00\x00\xcc\xf9\x55", 0));
  EXPECT_ERROR(error, E_AGENT_BREAKPOINT);
  EXPECT(!RETURN("\xcc\xcc\xcc\xcc\xcc\x55\x48\x89\xe5\x90\x90", 0));
  EXPECT_ERROR(error, E_AGENT_ENTRY);

  test_begin("padding and no-ops in two aligned words are refused");
  EXPECT(PLAN("\x90\x90\x90\x90\x90\x90\x90\x55", 1));
  for (size_t offset = 2; offset < 8; offset++) {
    EXPECT(!PLAN("\x90\x90\x90\x90\x90\x90\x90\x55", offset));
    EXPECT_ERROR(error, E_AGENT_ENTRY);
  }
  EXPECT(!PLAN("\x90\x90\x90\x90\x90\xf3\x0f\x1e\xfa\x90\x90", 4));
  EXPECT_ERROR(error, E_AGENT_ENTRY);

  test_begin("a function without room for a redirection is refused");
  EXPECT(!PLAN("\xcc\xcc\xcc\xcc\xcc\x55\x48\x89\xe5\x90\x90", 0));
  EXPECT_ERROR(error, E_AGENT_ENTRY);
  EXPECT(!PLAN("\x90\x90\x90\x90\x90\x55\x48\x89\xe5\x90\x90", 0));
  EXPECT_ERROR(error, E_AGENT_ENTRY);
  EXPECT(!PLAN("\x00\x00\x00\x00\x00\x90\x90\x55", 0));
  EXPECT_ERROR(error, E_AGENT_ENTRY);
  EXPECT(!PLAN("\x90\x90\x90\x90\x90\xeb\xf9\x55", 0)); /* a jump back to padding without a jump */
  EXPECT_ERROR(error, E_AGENT_ENTRY);
  EXPECT(!PLAN("\xe9\x00\x02\x00\x00\xeb\xf5\x55", 0)); /* the jump back of an entry with endbr64 */
  EXPECT_ERROR(error, E_AGENT_ENTRY);

  test_begin("a debugger's breakpoint is refused, never overwritten");
  EXPECT(!PLAN("\x90\x90\x90\x90\x90\xcc\x90\x55", 0));
  EXPECT_ERROR(error, E_AGENT_BREAKPOINT);
  EXPECT(!PLAN("\x90\x90\x90\x90\x90\x90\xcc\x55", 0));
  EXPECT_ERROR(error, E_AGENT_BREAKPOINT);
  EXPECT(!PLAN("\xe9\x00\x02\x00\x00\xcc\x90\x55", 0)); /* undone: the byte under it is a no-op's */
  EXPECT_ERROR(error, E_AGENT_BREAKPOINT);
  EXPECT(!PLAN("\x90\x90\x90\x90\x90\xf3\x0f\x1e\xfa\xcc\x90", 0));
  EXPECT_ERROR(error, E_AGENT_BREAKPOINT);
  EXPECT(PLAN("\x90\x90\x90\x90\x90\x90\x90\xcc", 0)); /* behind the entry: the byte stays */

  test_begin("a breakpoint on the jump of a redirection, or on endbr64, stays as it is, and what is behind it changes");
  EXPECT(PLAN("\xe9\x00\x02\x00\x00\xcc\xf9\x55", 0) && result.previous != 0 && result.first_word_redirects);
  EXPECT(result.word_count == 1 && result.words[0].mask == 0x000000ffffffffffull);
  EXPECT(PLAN("\x90\x90\x90\x90\x90\xcc\x0f\x1e\xfa\x90\x90", 0) && !result.first_word_redirects);
  EXPECT(result.word_count == 2 && result.words[0].mask == 0x000000ffffffffffull);
  EXPECT(result.words[1].value == 0x0000000000f5eb00ull && result.words[1].mask == 0x0000000000ffff00ull);
  EXPECT(PLAN("\xe9\x00\x02\x00\x00\xf3\x0f\x1e\xfa\xcc\xf5", 0) && result.word_count == 1);
  EXPECT(RETURN("\xe9\x00\x02\x00\x00\xcc\x0f\x1e\xfa\xeb\xf5", 0) && result.word_count == 1);
}

static void edges_test(void) {
  static _Alignas(16) unsigned char code[32];
  memset(code, 0x90, sizeof code);
  struct hotreload_entry result;
  struct hotreload_error error;
  uint64_t start = (uint64_t)code;

  test_begin("bytes outside the segment are not read");
  struct hotreload_segment segment = {start, start + 16, PF_R | PF_X};
  EXPECT(hotreload_entry_plan(start + 5, start, &segment, &result, &error));
  EXPECT(!hotreload_entry_plan(start + 4, start, &segment, &result, &error));
  EXPECT_ERROR(error, E_AGENT_ENTRY);
  EXPECT(!hotreload_entry_plan(start + 13, start, &segment, &result, &error));
  EXPECT_ERROR(error, E_AGENT_ENTRY);

  test_begin("a target is reached from 2 GiB below to 2 GiB above, and not one byte further");
  uint64_t entry = start + 5;
  EXPECT(hotreload_entry_plan(entry, entry + 0x7fffffffull, &segment, &result, &error));
  EXPECT(!hotreload_entry_plan(entry, entry + 0x80000000ull, &segment, &result, &error));
  EXPECT_ERROR(error, E_AGENT_TARGET);
  EXPECT(hotreload_entry_plan(entry, entry - 0x80000000ull, &segment, &result, &error));
  EXPECT(!hotreload_entry_plan(entry, entry - 0x80000001ull, &segment, &result, &error));
  EXPECT_ERROR(error, E_AGENT_TARGET);

  test_begin("a word is stored without touching its other bytes");
  _Alignas(8) uint64_t memory = 0x1122334455667788ull;
  struct hotreload_word word = {(uint64_t)&memory, 0x0000ffff00000000ull, 0x0000aabb00000000ull};
  hotreload_word_store(&word);
  EXPECT(memory == 0x1122aabb55667788ull);
}

int main(int count, char **arguments) {
  for (int i = 1; i < count; i++)
    library_test(arguments[i]);
  patterns_test();
  edges_test();
  return test_done();
}

/* The least that a test program needs: sentences, and what is expected under each of them. */
#ifndef EXPECT_H
#define EXPECT_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char *test_sentence;
static bool test_failed, test_any_failed;

static void test_end(void) {
  if (test_sentence)
    printf("%s - %s\n", test_failed ? "not ok" : "ok", test_sentence);
  fflush(stdout);
  test_any_failed |= test_failed;
  test_failed = false;
  test_sentence = NULL;
}

/* Begins the test that the sentence states, and ends the one before it. */
static void test_begin(const char *sentence) {
  test_end();
  test_sentence = sentence;
}

/* Ends the last test; the exit status of the program. */
static int test_done(void) {
  test_end();
  printf("done\n");
  return test_any_failed;
}

static bool test_expect(bool good, const char *what, const char *file, int line) {
  if (!good) {
    printf("# %s:%d: %s\n", file, line, what);
    test_failed = true;
  }
  return good;
}

#define EXPECT(condition) test_expect(condition, #condition, __FILE__, __LINE__)

/* Expects the code, and shows the message if it is another one. */
#define EXPECT_ERROR(error, expected)                                                                                  \
  do {                                                                                                                 \
    if (!EXPECT((error).code == (expected)))                                                                           \
      printf("# %s: %s\n", hotreload_code_name((error).code), (error).message);                                        \
  } while (0)

#endif

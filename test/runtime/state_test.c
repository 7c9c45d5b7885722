/* Blocks of state: what a process leaves, and who gets it. */
#include "state.h"

#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"

static char directory[PATH_MAX];
static char self[PATH_MAX];

/* This program again, in a process of its own: it leaves `value` in the block; the value that it found is returned. */
static int found_by_another(const char *key, const char *size, const char *value) {
  pid_t child = fork();
  if (child == 0) {
    execl(self, self, key, size, value, (char *)NULL);
    _exit(99);
  }
  int status = 0;
  EXPECT(waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? 0 : WEXITSTATUS(status);
}

static int be_another(char **arguments) {
  unsigned char *block = hotreload_state_find(arguments[0], (size_t)atol(arguments[1]));
  if (!block)
    return 98;
  int found = block[0];
  block[0] = (unsigned char)atoi(arguments[2]);
  if (found)
    _exit(found);
  /* Not by an ordinary end. */
  kill(getpid(), SIGKILL);
  return 97;
}

static void kept_test(void) {
  test_begin("a block is zero at first, and then what the process before left in it, however that ended");
  EXPECT(found_by_another("kept", "8", "7") == 0);
  EXPECT(found_by_another("kept", "8", "9") == 7);
  EXPECT(found_by_another("kept", "8", "9") == 9);

  test_begin("a block of another size begins anew");
  EXPECT(found_by_another("kept", "16", "5") == 0);
  EXPECT(found_by_another("kept", "16", "5") == 5);
  EXPECT(found_by_another("kept", "70000", "5") == 0);
  EXPECT(found_by_another("kept", "8", "5") == 0);
}

static void key_test(void) {
  test_begin("a key that could be another file's name is none");
  const char *const wrong[] = {"", ".", "..", ".a", "a/b", "../a", "a b", "\xc3\xa4", "a\n"};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
    EXPECT(!hotreload_state_find(wrong[i], 8));
  char longest[HOTRELOAD_LONGEST_KEY + 2] = {0};
  memset(longest, 'k', HOTRELOAD_LONGEST_KEY);
  EXPECT(hotreload_state_find(longest, 8));
  longest[HOTRELOAD_LONGEST_KEY] = 'k';
  EXPECT(!hotreload_state_find(longest, 8));
  EXPECT(!hotreload_state_find(NULL, 8) && !hotreload_state_find("a", 0) && !hotreload_state_find("a", SIZE_MAX));

  test_begin("the same key is the same block, and never one of another size");
  char *block = hotreload_state_find("same", 24);
  EXPECT(block && hotreload_state_find("same", 24) == block && !hotreload_state_find("same", 32));
}

static void owner_test(void) {
  test_begin("while a process has a block, another one gets a block of its own");
  char *block = hotreload_state_find("owned", 8);
  EXPECT(block && block[0] == 0);
  if (block)
    block[0] = 3;
  EXPECT(found_by_another("owned", "8", "4") == 0);
  EXPECT(found_by_another("owned", "8", "4") == 0);
  EXPECT(block && block[0] == 3);

  test_begin("a forked child has the block as it was, and its own");
  hotreload_state_before_fork();
  pid_t child = fork();
  hotreload_state_after_fork(child == 0);
  if (child == 0) {
    char *mine = hotreload_state_find("owned", 8);
    bool good = mine == block && mine[0] == 3;
    if (good)
      mine[0] = 5;
    _exit(good ? 0 : 1);
  }
  int status = 1;
  EXPECT(waitpid(child, &status, 0) == child && status == 0);
  EXPECT(block && block[0] == 3);
}

static void news_test(void) {
  test_begin("the server hears of blocks that the process before had left, once");
  EXPECT(found_by_another("news", "8", "7") == 0);
  EXPECT(found_by_another("grown", "8", "7") == 0);
  struct hotreload_state_news news;
  while (hotreload_state_take_news(&news)) {
  }
  EXPECT(!hotreload_state_has_news());
  EXPECT(hotreload_state_find("fresh", 8) && !hotreload_state_has_news());
  EXPECT(hotreload_state_find("news", 8) && hotreload_state_find("grown", 12) && hotreload_state_has_news());
  EXPECT(hotreload_state_take_news(&news) && strcmp(news.key, "grown") == 0 && news.size == 12 && news.left == 8);
  EXPECT(hotreload_state_take_news(&news) && strcmp(news.key, "news") == 0 && news.size == 8 && news.left == 8);
  EXPECT(!hotreload_state_take_news(&news) && !hotreload_state_has_news());
}

static void distrust_test(void) {
  test_begin("a directory or a file that others can write is not used");
  char path[PATH_MAX + 16];
  EXPECT(found_by_another("open", "8", "7") == 0);
  EXPECT(chmod(directory, 0770) == 0 && found_by_another("open", "8", "8") == 0);
  EXPECT(chmod(directory, 0700) == 0 && found_by_another("open", "8", "7") == 7);
  snprintf(path, sizeof path, "%s/open", directory);
  EXPECT(chmod(path, 0666) == 0 && found_by_another("open", "8", "8") == 0);
  EXPECT(unlink(path) == 0 && symlink("elsewhere", path) == 0 && found_by_another("open", "8", "8") == 0);
  snprintf(path, sizeof path, "%s/elsewhere", directory);
  EXPECT(access(path, F_OK) != 0);

  test_begin("without a directory a block ends with its process");
  EXPECT(unsetenv(HOTRELOAD_STATE_VARIABLE) == 0);
  EXPECT(found_by_another("kept", "8", "7") == 0 && found_by_another("kept", "8", "7") == 0);
}

static void remove_tree(void) {
  char command[PATH_MAX + 16];
  snprintf(command, sizeof command, "rm -r '%s'", directory);
  EXPECT(system(command) == 0);
}

int main(int count, char **arguments) {
  if (count == 4)
    return be_another(arguments + 1);
  const char *temporary = getenv("TMPDIR");
  snprintf(directory, sizeof directory, "%s/hotreload-state-XXXXXX", temporary ? temporary : "/tmp");
  EXPECT(mkdtemp(directory) && setenv(HOTRELOAD_STATE_VARIABLE, directory, 1) == 0);
  EXPECT(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
  kept_test();
  key_test();
  owner_test();
  news_test();
  distrust_test();
  remove_tree();
  return test_done();
}

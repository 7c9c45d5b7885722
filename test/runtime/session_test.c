/* Session files that are to be trusted, and all others. */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "expect.h"

#define NOBODY 65534
#define GOOD "{\"version\":1,\"socket\":\"/run/agent.sock\",\"pid\":7,\"patches\":\"/run/patches\"}"

static char root[PATH_MAX], folder[PATH_MAX + 32], file[PATH_MAX + 64], executable[PATH_MAX + 32];
static struct hotreload_session session;
static struct hotreload_error error;

static void write_file(const char *path, const char *text, mode_t mode) {
  unlink(path);
  int descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, mode);
  EXPECT(descriptor >= 0 && write(descriptor, text, strlen(text)) == (ssize_t)strlen(text));
  EXPECT(fchmod(descriptor, mode) == 0);
  close(descriptor);
}

static bool find(void) {
  error = (struct hotreload_error){0};
  return hotreload_session_find(&session, NULL, executable, &error);
}

static bool find_by(const char *path) {
  error = (struct hotreload_error){0};
  return hotreload_session_find(&session, path, executable, &error);
}

static void make_tree(void) {
  const char *directory = getenv("TMPDIR");
  snprintf(root, sizeof root, "%s/hotreload-session-XXXXXX", directory ? directory : "/tmp");
  char deeper[PATH_MAX + 32];
  EXPECT(mkdtemp(root) && chmod(root, 0755) == 0);
  snprintf(deeper, sizeof deeper, "%s/bin", root);
  EXPECT(mkdir(deeper, 0755) == 0);
  snprintf(deeper, sizeof deeper, "%s/bin/deep", root);
  EXPECT(mkdir(deeper, 0755) == 0);
  snprintf(executable, sizeof executable, "%s/bin/deep/program", root);
  snprintf(folder, sizeof folder, "%s/.hotreload", root);
  snprintf(file, sizeof file, "%s/session.json", folder);
  EXPECT(mkdir(folder, 0700) == 0);
}

static void found_test(void) {
  test_begin("without a session file there is no session");
  EXPECT(!find());
  EXPECT_ERROR(error, E_AGENT_SESSION);

  test_begin("the session file is found above the executable");
  write_file(file, GOOD, 0600);
  EXPECT(find() && strcmp(session.socket, "/run/agent.sock") == 0 && strcmp(session.patches, "/run/patches") == 0);

  test_begin("the session file that the environment names is taken, and no other");
  EXPECT(find_by(file));
  EXPECT(!find_by("/nowhere/session.json"));
  EXPECT_ERROR(error, E_AGENT_SESSION);
  EXPECT(!find_by("session.json"));
  EXPECT(!find_by(""));

  test_begin("the nearest session file counts");
  char near_folder[PATH_MAX + 64], near_file[PATH_MAX + 96];
  snprintf(near_folder, sizeof near_folder, "%s/bin/.hotreload", root);
  snprintf(near_file, sizeof near_file, "%s/session.json", near_folder);
  EXPECT(mkdir(near_folder, 0700) == 0);
  write_file(near_file, "{\"version\":1,\"socket\":\"/near\",\"pid\":8,\"patches\":\"/near\"}", 0600);
  EXPECT(find() && strcmp(session.socket, "/near") == 0);

  test_begin("one that others can write is passed over");
  EXPECT(chmod(near_folder, 0777) == 0);
  EXPECT(find() && strcmp(session.socket, "/run/agent.sock") == 0);
  EXPECT(unlink(near_file) == 0 && rmdir(near_folder) == 0);
}

static void modes_test(void) {
  test_begin("a session file or directory that group or others can write is not trusted");
  static const mode_t unsafe[] = {0620, 0602, 0666, 0622};
  for (size_t i = 0; i < sizeof unsafe / sizeof unsafe[0]; i++) {
    EXPECT(chmod(file, unsafe[i]) == 0 && !find());
    EXPECT_ERROR(error, E_AGENT_SESSION_OWNER);
  }
  EXPECT(chmod(file, 0600) == 0 && find());
  static const mode_t unsafe_folder[] = {0720, 0702, 0777, 01777};
  for (size_t i = 0; i < sizeof unsafe_folder / sizeof unsafe_folder[0]; i++) {
    EXPECT(chmod(folder, unsafe_folder[i]) == 0 && !find());
    EXPECT_ERROR(error, E_AGENT_SESSION_OWNER);
  }
  EXPECT(chmod(folder, 0700) == 0 && find());
}

static void kinds_test(void) {
  char aside[PATH_MAX + 96];
  snprintf(aside, sizeof aside, "%s/aside", root);

  test_begin("a session file that is a link, a directory or a FIFO is not trusted, and nothing blocks");
  EXPECT(rename(file, aside) == 0 && symlink(aside, file) == 0);
  EXPECT(!find());
  EXPECT_ERROR(error, E_AGENT_SESSION_OWNER);
  EXPECT(unlink(file) == 0 && mkfifo(file, 0600) == 0);
  EXPECT(!find());
  EXPECT_ERROR(error, E_AGENT_SESSION_OWNER);
  EXPECT(unlink(file) == 0 && mkdir(file, 0700) == 0);
  EXPECT(!find());
  EXPECT_ERROR(error, E_AGENT_SESSION_OWNER);
  EXPECT(rmdir(file) == 0 && rename(aside, file) == 0 && find());

  test_begin("a session directory that is a link is not trusted");
  EXPECT(rename(folder, aside) == 0 && symlink(aside, folder) == 0);
  EXPECT(!find());
  EXPECT_ERROR(error, E_AGENT_SESSION_OWNER);
  EXPECT(unlink(folder) == 0 && rename(aside, folder) == 0 && find());
}

static void owner_test(void) {
  if (geteuid() != 0) {
    printf("# not root: ownership by another user is not tried\n");
    return;
  }
  test_begin("a session file of another user is not trusted");
  EXPECT(chown(file, NOBODY, NOBODY) == 0 && !find());
  EXPECT_ERROR(error, E_AGENT_SESSION_OWNER);
  EXPECT(chown(file, 0, 0) == 0 && chown(folder, NOBODY, NOBODY) == 0 && !find());
  EXPECT_ERROR(error, E_AGENT_SESSION_OWNER);
  EXPECT(chown(folder, 0, 0) == 0 && find());

  test_begin("a program that gave up root does not trust root's session, but its own user's");
  EXPECT(chmod(folder, 0755) == 0 && chmod(file, 0644) == 0 && seteuid(NOBODY) == 0);
  EXPECT(!find());
  EXPECT_ERROR(error, E_AGENT_SESSION_OWNER);
  EXPECT(seteuid(0) == 0 && chown(file, NOBODY, NOBODY) == 0 && chown(folder, NOBODY, NOBODY) == 0);
  EXPECT(seteuid(NOBODY) == 0 && find() && seteuid(0) == 0);
  EXPECT(chown(file, 0, 0) == 0 && chown(folder, 0, 0) == 0 && chmod(folder, 0700) == 0);
}

static void content_test(void) {
  static const char *const wrong[] = {
      "",
      "{",
      "null",
      "[]",
      "{}",
      "{\"version\":2,\"socket\":\"/a\",\"pid\":1,\"patches\":\"/b\"}",
      "{\"version\":1,\"socket\":\"a\",\"pid\":1,\"patches\":\"/b\"}",
      "{\"version\":1,\"socket\":\"/a\",\"pid\":1,\"patches\":\"b\"}",
      "{\"version\":1,\"socket\":1,\"pid\":1,\"patches\":\"/b\"}",
      "{\"version\":1,\"pid\":1,\"patches\":\"/b\"}",
      "{\"version\":\"1\",\"socket\":\"/a\",\"pid\":1,\"patches\":\"/b\"}",
      "{\"version\":1,\"socket\":\"/a\",\"socket\":\"/c\",\"pid\":1,\"patches\":\"/b\"}",
      "{\"version\":1,\"socket\":\"/a\\u0000b\",\"pid\":1,\"patches\":\"/b\"}",
      GOOD GOOD,
      GOOD "x",
  };
  test_begin("a file that is no session file is refused");
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    write_file(file, wrong[i], 0600);
    EXPECT(!find());
    EXPECT_ERROR(error, E_AGENT_SESSION);
  }
  test_begin("a session file cut off at any length is refused");
  char text[] = GOOD;
  for (size_t length = strlen(text); length-- > 0;) {
    text[length] = '\0';
    write_file(file, text, 0600);
    EXPECT(!find() && error.code == E_AGENT_SESSION);
  }
  test_begin("a huge file and a path that is too long are refused");
  static char huge[100000];
  memset(huge, ' ', sizeof huge - 1);
  write_file(file, huge, 0600);
  EXPECT(!find());
  EXPECT_ERROR(error, E_AGENT_SESSION);
  memset(huge, 'a', 6000);
  memcpy(huge, "{\"version\":1,\"socket\":\"/", 24);
  strcpy(huge + 6000, "\",\"pid\":1,\"patches\":\"/b\"}");
  write_file(file, huge, 0600);
  EXPECT(!find());
  EXPECT_ERROR(error, E_AGENT_SESSION);
}

int main(void) {
  make_tree();
  found_test();
  modes_test();
  kinds_test();
  owner_test();
  content_test();
  char command[PATH_MAX + 32];
  snprintf(command, sizeof command, "rm -rf '%s'", root);
  EXPECT(system(command) == 0);
  return test_done();
}

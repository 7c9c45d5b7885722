/* The session that this process belongs to: which dev server to talk to, and where its patches lie. */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "json.h"

#define FOLDER ".hotreload"
#define NAME "session.json"
#define LARGEST_FILE 65536

/* Opens the session file after it and its directory were checked; -1 with an error if it is not to be used. Links
 * are not followed, and a FIFO does not block. */
static int session_open(const char *directory, const char *name, struct hotreload_error *error) {
  int folder = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0) {
    hotreload_error_set(error, errno == ELOOP || errno == ENOTDIR ? E_AGENT_SESSION_OWNER : E_AGENT_SESSION, "%s: %s",
                        directory, strerrorname_np(errno));
    return -1;
  }
  int descriptor = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  int reason = errno;
  bool good = descriptor >= 0 && hotreload_file_trusted(folder, S_IFDIR) && hotreload_file_trusted(descriptor, S_IFREG);
  close(folder);
  if (good)
    return descriptor;
  hotreload_error_set(error, descriptor >= 0 || reason == ELOOP ? E_AGENT_SESSION_OWNER : E_AGENT_SESSION, "%s/%s: %s",
                      directory, name, descriptor >= 0 ? "not trusted" : strerrorname_np(reason));
  if (descriptor >= 0)
    close(descriptor);
  return -1;
}

/* Copies an absolute path; false if it is none or too long. */
static bool path_copy(char *out, const char *path) {
  if (!path || path[0] != '/' || strlen(path) >= PATH_MAX)
    return false;
  strcpy(out, path);
  return true;
}

static const char *session_parse(struct hotreload_session *session, const char *text, size_t length) {
  static const char *const names[] = {"version", "socket", "pid", "patches", NULL};
  struct hotreload_json json;
  const char *wrong = hotreload_json_parse(&json, text, length);
  if (wrong)
    return wrong;
  uint64_t version = 0;
  char *socket = hotreload_json_string(&json, "socket"), *patches = hotreload_json_string(&json, "patches");
  wrong = hotreload_json_check_keys(&json, names);
  if (!wrong && (!hotreload_json_integer(&json, "version", &version) || version != 1))
    wrong = "it is not of version 1";
  if (!wrong && (!path_copy(session->socket, socket) || !path_copy(session->patches, patches)))
    wrong = "its paths are missing or not absolute";
  free(socket);
  free(patches);
  hotreload_json_free(&json);
  return wrong;
}

static bool session_read(struct hotreload_session *session, const char *directory, const char *name,
                         struct hotreload_error *error) {
  int descriptor = session_open(directory, name, error);
  if (descriptor < 0)
    return false;
  char *text = NULL;
  ssize_t length = hotreload_file_read(descriptor, LARGEST_FILE, &text);
  int reason = errno;
  close(descriptor);
  if (length < 0)
    return hotreload_error_set(error, E_AGENT_SESSION, "%s/%s: %s", directory, name, strerrorname_np(reason));
  const char *wrong = session_parse(session, text, (size_t)length);
  free(text);
  if (wrong)
    return hotreload_error_set(error, E_AGENT_SESSION, "%s/%s: %s", directory, name, wrong);
  return true;
}

bool hotreload_session_find(struct hotreload_session *session, const char *path, const char *executable,
                            struct hotreload_error *error) {
  char directory[PATH_MAX + sizeof "/" FOLDER];
  snprintf(directory, PATH_MAX, "%s", path ? path : executable);
  char *slash = strrchr(directory, '/');
  if (directory[0] != '/' || !slash)
    return hotreload_error_set(error, E_AGENT_SESSION, "%s is not an absolute path", directory);
  if (path) {
    *slash = '\0';
    return session_read(session, directory[0] ? directory : "/", slash + 1, error);
  }
  struct hotreload_error distrust = {0};
  for (; slash; slash = strrchr(directory, '/')) {
    strcpy(slash, "/" FOLDER);
    if (session_read(session, directory, NAME, error))
      return true;
    if (error->code == E_AGENT_SESSION_OWNER && !distrust.code)
      distrust = *error;
    *slash = '\0';
  }
  if (distrust.code)
    *error = distrust;
  return false;
}

/* The session that this process belongs to: which dev server to talk to, and where its patches lie. */
#ifndef HOTRELOAD_SESSION_H
#define HOTRELOAD_SESSION_H

#include <limits.h>

#include "errors.h"

#define HOTRELOAD_SESSION_VARIABLE "HOTRELOAD_SESSION"

struct hotreload_session {
  char socket[PATH_MAX];  /* absolute path of the Unix socket */
  char patches[PATH_MAX]; /* absolute path of the directory that patch libraries must lie in */
};

/* Finds the session file: `path` if it is not NULL, else `.hotreload/session.json` in the directory of `executable`
 * or the nearest one above it. A file is taken only if it and its directory are the effective user's own and nobody
 * else can write them.
 * Errors: E_AGENT_SESSION_OWNER (there are only files that are not to be trusted), E_AGENT_SESSION (there is none,
 * or it is not a session file of version 1). */
bool hotreload_session_find(struct hotreload_session *session, const char *path, const char *executable,
                            struct hotreload_error *error);

#endif

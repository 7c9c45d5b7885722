/* Starts a member of the family in the way that the file `order` in the directory names. No test edits this file. */
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "member.h"
#include "report.h"

extern char **environ;

int value(int x);

static char directory[PATH_MAX], own[PATH_MAX], relative[PATH_MAX + 16];

void start_parts(void) {
  snprintf(directory, sizeof directory, "%s", getenv("FAMILY"));
  ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
  if (length < 0) abort();
  snprintf(relative, sizeof relative, "%.*s/relative", (int)(strrchr(own, '/') - own), own);
}

static void spawn(char *path, const char *name) {
  char *arguments[] = {path, directory, (char *)name, NULL};
  pid_t child;
  if (posix_spawn(&child, path, NULL, NULL, arguments, environ) != 0) abort();
}

/* A child of a child whose parent has ended by then, in a session of its own. */
static void daemonize(const char *name) {
  pid_t between = fork();
  if (between == 0) {
    setsid();
    if (fork() == 0) member_run(directory, name);
    _exit(0);
  }
  waitpid(between, NULL, 0);
}

static void obey(const char *order) {
  if (strcmp(order, "fork") == 0 && fork() == 0) member_run(directory, order);
  if (strcmp(order, "spawn") == 0) spawn(relative, order);
  if (strcmp(order, "daemon") == 0) daemonize(order);
  if (strcmp(order, "forkexec") == 0 && fork() == 0) execl(relative, relative, directory, order, (char *)NULL);
  if (strcmp(order, "exec") == 0) execl(own, own, (char *)NULL);
  if (strcmp(order, "end") == 0) _exit(0);
}

void run_parts(long tick) {
  (void)tick;
  report("E2", "%d", value(0));
  char path[PATH_MAX + 16], order[32] = "";
  snprintf(path, sizeof path, "%s/order", directory);
  FILE *file = fopen(path, "r");
  if (!file) return;
  if (!fgets(order, sizeof order, file)) order[0] = '\0';
  fclose(file);
  unlink(path);
  obey(order);
}

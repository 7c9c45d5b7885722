/* A program that knows nothing of the agent, and does on demand what programs do: each line of standard input is a
 * command, each line of standard output its answer. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hotreload.h"
#include "victim.h"

#ifdef LARGE_THREAD_LOCAL
__thread volatile char large[4 << 20];
#endif

static FILE *commands;
static int child_pipe = -1;
static volatile sig_atomic_t handled_by;

static void handle(int signal) {
  (void)signal;
  handled_by = (sig_atomic_t)syscall(SYS_gettid);
}

/* A child that serves commands from a pipe, until its parent is gone. */
static void fork_child(void) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    exit(3);
  pid_t child = fork();
  if (child == 0) {
    close(ends[1]);
    commands = fdopen(ends[0], "r");
    return;
  }
  close(ends[0]);
  child_pipe = ends[1];
  printf("forked %d\n", (int)child);
}

/* What a daemon does: every descriptor but the standard ones is closed, and the numbers are used again. */
static void take_descriptors(const char *path) {
  for (int i = 3; i < 1024; i++)
    close(i);
  int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  for (int i = 3; i < 400; i++)
    dup2(file, i);
  printf("taken\n");
}

static void look_at_descriptors(void) {
  struct stat first, other;
  int good = fstat(3, &first) == 0;
  for (int i = 4; good && i < 400; i++)
    good = fstat(i, &other) == 0 && other.st_ino == first.st_ino;
  printf("%s %lld\n", good ? "kept" : "lost", (long long)first.st_size);
}

static void raise_signals(void) {
  int strangers = 0;
  signal(SIGUSR1, handle);
  for (int i = 0; i < 200; i++) {
    handled_by = 0;
    kill(getpid(), SIGUSR1);
    while (!handled_by)
      usleep(10);
    strangers += handled_by != getpid();
  }
  printf("strangers %d\n", strangers);
}

/* The callbacks print what they are told, and decline for as long as there is a reason. */
static char reason[100];

static const char *before(const struct hotreload_change *change, void *context) {
  printf("before%s %d %llu %zu:%s %zu:%s\n", (const char *)context, (int)change->kind, change->patch,
         change->function_count, change->function_count ? change->functions[0] : "-", change->file_count,
         change->file_count ? change->files[0] : "-");
  return reason[0] ? reason : NULL;
}

static void after(const struct hotreload_change *change, void *context) {
  printf("after%s %llu %s %d\n", (const char *)context, change->patch, change->failed ? change->failed : "done", victim(1));
}

/* Many threads poll at once; prints how many of them made a change. */
static atomic_int changed;

static void *poll_until_changed(void *unused) {
  for (int i = 0; i < 1000000 && !atomic_load(&changed); i++)
    atomic_fetch_add(&changed, hotreload_poll());
  return unused;
}

static void poll_in_threads(void) {
  pthread_t threads[8];
  atomic_store(&changed, 0);
  for (int i = 0; i < 8; i++)
    pthread_create(&threads[i], NULL, poll_until_changed, NULL);
  for (int i = 0; i < 8; i++)
    pthread_join(threads[i], NULL);
  printf("changed %d\n", atomic_load(&changed));
}

static void serve(void) {
  char line[4096];
  while (fgets(line, sizeof line, commands)) {
    line[strcspn(line, "\n")] = '\0';
    char *argument = strchr(line, ' ');
    if (argument)
      *argument++ = '\0';
    if (strcmp(line, "call") == 0)
      printf("%d\n", victim(atoi(argument)));
    else if (strcmp(line, "address") == 0)
      printf("%llu\n", (unsigned long long)(uintptr_t)victim);
    else if (strcmp(line, "fork") == 0)
      fork_child();
    else if (strcmp(line, "child") == 0)
      dprintf(child_pipe, "%s\n", argument);
    else if (strcmp(line, "take-descriptors") == 0)
      take_descriptors(argument);
    else if (strcmp(line, "look-at-descriptors") == 0)
      look_at_descriptors();
    else if (strcmp(line, "raise-signals") == 0)
      raise_signals();
    else if (strcmp(line, "register") == 0)
      printf("registered %d\n", hotreload_register(before, after, "1") + hotreload_register(before, after, "2"));
    else if (strcmp(line, "unregister") == 0)
      hotreload_unregister(before, after, "1");
    else if (strcmp(line, "decline") == 0)
      snprintf(reason, sizeof reason, "%s", argument ? argument : "");
    else if (strcmp(line, "polled") == 0)
      hotreload_set_polled(atoi(argument));
    else if (strcmp(line, "poll") == 0)
      printf("poll %d\n", hotreload_poll());
    else if (strcmp(line, "poll-in-threads") == 0)
      poll_in_threads();
    else if (strcmp(line, "request") == 0)
      hotreload_request();
    else if (strcmp(line, "name") == 0)
      hotreload_set_name(argument);
    else if (strcmp(line, "exec") == 0)
      execl("/proc/self/exe", "host", (char *)NULL);
    else if (strcmp(line, "drop-root") == 0)
      printf("%s\n", setuid(65534) == 0 ? "dropped" : "not dropped");
    else if (strcmp(line, "quit") == 0)
      exit(7);
    else if (strcmp(line, "return") == 0)
      return;
    fflush(stdout);
  }
}

static void *serve_in_thread(void *unused) {
  serve();
  return unused;
}

int main(int count, char **arguments) {
  setvbuf(stdout, NULL, _IOLBF, 4096);
  commands = stdin;
  if (count > 1 && strcmp(arguments[1], "leave-first-thread") == 0) {
    pthread_t thread;
    pthread_create(&thread, NULL, serve_in_thread, NULL);
    pthread_detach(thread);
    pthread_exit(NULL);
  }
  if (count > 1 && strcmp(arguments[1], "end") == 0)
    return 5;
  serve();
  return 0;
}

/* This process as /proc/self/stat describes it (proc_pid_stat(5)). */
#include "stat.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATE 3
#define THREADS 20
#define START_TIME 22

bool hotreload_stat_read(struct hotreload_stat *stat) {
  char text[1024];
  int descriptor = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    return false;
  ssize_t length = read(descriptor, text, sizeof text - 1);
  close(descriptor);
  if (length <= 0)
    return false;
  text[length] = '\0';
  *stat = (struct hotreload_stat){0};
  /* Field 2 is the program's name in parentheses, which may hold anything, spaces and parentheses included. */
  const char *at = strrchr(text, ')');
  for (int field = STATE; at && (at = strchr(at, ' ')); field++) {
    at++;
    if (field == STATE)
      stat->first_thread_gone = *at == 'Z';
    if (field == THREADS)
      stat->threads = strtoull(at, NULL, 10);
    if (field == START_TIME) {
      stat->start_time = strtoull(at, NULL, 10);
      return true;
    }
  }
  return false;
}

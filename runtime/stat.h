/* This process as /proc/self/stat describes it (proc_pid_stat(5)). */
#ifndef HOTRELOAD_STAT_H
#define HOTRELOAD_STAT_H

#include <stdbool.h>
#include <stdint.h>

struct hotreload_stat {
  bool first_thread_gone; /* the thread that ran main called pthread_exit */
  uint64_t threads;       /* the gone first thread included */
  uint64_t start_time;    /* clock ticks since boot */
};

/* False if /proc cannot be read. */
bool hotreload_stat_read(struct hotreload_stat *stat);

#endif

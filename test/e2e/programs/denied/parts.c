/* A program whose code may not be written, as under SELinux without execmod. No test edits this file. */
#include "report.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SET_MDWE 65 /* PR_SET_MDWE of Linux 6.3; PR_MDWE_REFUSE_EXEC_GAIN is 1 */

int step(int x);
int steps(void);

/* What SELinux does: memory that is executed is not made writable. For all threads. */
static int deny_by_filter(void) {
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 4),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, PROT_WRITE | PROT_EXEC),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROT_WRITE | PROT_EXEC, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
}

void start_parts(void) {
  const char *wanted = getenv("DENIED_BY");
  const int kernel = wanted && strcmp(wanted, "kernel") == 0;
  const int denied = kernel ? prctl(SET_MDWE, 1, 0, 0, 0) == 0 : deny_by_filter();
  report("denied", "%s", denied ? "yes" : strerror(errno));
}

void run_parts(long tick) {
  (void)tick;
  report("step", "%d", step(4));
  report_counted("steps", steps());
}

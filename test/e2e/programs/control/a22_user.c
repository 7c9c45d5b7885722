/* Never edited. */
#include "a22.h"
#include "report.h"

#include <signal.h>

void start_a22(void) { signal(SIGUSR2, a22_handler); }

void run_a22(void) {
  const int came = setjmp(a22_place);
  if (came == 0) a22_jump(1);
  report("A22.jump", "%d", came);
  signal(SIGUSR2, a22_handler);
  raise(SIGUSR2);
  report("A22.handler", "%d", a22_handled);
}

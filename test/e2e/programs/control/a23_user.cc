// Never edited.
#include "report.h"

extern "C" {
int a23_started(void);
int a23_plain(int x);
int a23_alias(int x);
int a23_weak(int x);
int a23_ifunc(int x);
int a23_indirect(int x);
int a23_hidden(int x);
}
int a23_hidden_file(int x);
int (*a23_take())(int);

void run_a23() {
  report("A23.started", "%d", a23_started());
  report("A23.alias", "%d %d", a23_plain(1), a23_alias(1));
  report("A23.weak", "%d", a23_weak(1));
  report("A23.ifunc", "%d %d", a23_ifunc(1), a23_indirect(1));
  report("A23.hidden", "%d %d %d", a23_hidden(1), a23_hidden_file(1), a23_take()(1));
}

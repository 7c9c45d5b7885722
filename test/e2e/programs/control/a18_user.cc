// Never edited.
#include "report.h"

int a18_calls(int x);
int (*a18_take())(int);
int (*a18_take_hidden())(int);

static int (*helper)(int) = a18_take();
static int (*hidden)(int) = a18_take_hidden();

void run_a18() {
  report("A18.calls", "%d", a18_calls(1));
  report("A18.pointers", "%d %d", helper(1), hidden(1));
  report("A18.equal", "%d %d", a18_take() == helper, a18_take_hidden() == hidden);
}

#include "b3.h"

thread_local long b3_external = 1000;
static thread_local long internal = 2000;

void b3_work(B3Seen *seen) {
  static thread_local long in_function = 3000;
  b3_external += 1;
  internal += 1;
  in_function += 1;
  seen->external = b3_external;
  seen->internal = internal;
  seen->in_function = in_function;
  seen->version = 1;
}

#include "b13.h"

long b13_other_module = 300;

long b13_other_module_now(void) { return b13_other_module; }

#include "a7.h"

int a7_static() { return A7_MACRO * 100 + A7_GREEN * 10 + a7_square(a7_constexpr) * 1000; }

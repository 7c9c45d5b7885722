#include "../d16.h"

int d16(int x) { return d16_header(x); }

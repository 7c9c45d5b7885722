#include "a19.h"

static int scaled(int x) { return x * 10; }

int a19_cxx(int side) { return scaled(side) + 1; }

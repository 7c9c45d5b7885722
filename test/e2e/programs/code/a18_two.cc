#include "a18_copies.h"

int a18_two(int x) { return a18_copied(x); }

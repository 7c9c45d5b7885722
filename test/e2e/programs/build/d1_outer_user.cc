#include "d1_outer.h"

int d1_outer_user() { return d1_outer(0); }

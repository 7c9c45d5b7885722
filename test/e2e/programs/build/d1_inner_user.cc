#include "d1_inner.h"

int d1_inner_user() { return d1_inner(0); }

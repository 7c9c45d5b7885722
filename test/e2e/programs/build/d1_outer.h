#pragma once

#include "d1_inner.h"

inline int d1_outer(int x) { return d1_inner(x) * 10; }

#pragma once

#include <vector>

inline int heavy(int x) { return x + 1; }

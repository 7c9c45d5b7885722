#pragma once

inline int d1_inner(int x) { return x + 1; }

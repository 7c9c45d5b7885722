#pragma once

// Half of x, rounded down.
static inline int d8_half(int x) { return x >> 1; }

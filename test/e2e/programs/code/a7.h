#pragma once

#define A7_MACRO 5

enum a7_color { A7_RED = 1, A7_GREEN = 2 };

#ifdef __cplusplus
constexpr int a7_constexpr = 7;
constexpr int a7_square(int x) { return x * x; }
#endif

#pragma once

#define A18_USES 1

__attribute__((noinline)) inline int a18_copied(int x) { return x + 1; }

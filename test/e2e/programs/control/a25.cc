#include "report.h"

__attribute__((noinline)) int a25_one(int x) { return x * 3 + 1; }

__attribute__((noinline)) int a25_two(int x) { return x * 3 + 1; }

__attribute__((noinline)) static int a25_three(int x) { return x * 3 + 1; }

void run_a25() { report("A25.values", "%d %d %d", a25_one(1), a25_two(1), a25_three(1)); }

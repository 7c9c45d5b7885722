#define VERSION 0

__attribute__((noinline)) static unsigned triple(unsigned x) { return x * 3; }

unsigned e1_value(unsigned x) { return triple(x) + VERSION; }

unsigned e1_pointed(unsigned x) { return x * 5 + VERSION; }

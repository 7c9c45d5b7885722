#include "report.h"

void a16_empty(int *value);
void a16_large(int *values, int count);

int a16_mix(int a, int b) { return (a * 31 + b) % 997; }

void run_a16(void) {
  int value = 0, values[16], sum = 0;
  for (int i = 0; i < 16; i++) values[i] = i;
  a16_empty(&value);
  a16_large(values, 16);
  for (int i = 0; i < 16; i++) sum += values[i] * (i + 1);
  report("A16.empty", "%d", value);
  report("A16.large", "%s", sum == 1360 ? "untouched" : "worked");
}

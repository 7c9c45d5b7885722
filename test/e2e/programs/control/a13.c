#include "report.h"

#include <alloca.h>
#include <stdarg.h>
#include <string.h>

int a13_factorial(int n) { return n < 2 ? 1 : n * a13_factorial(n - 1); }

int a13_odd(int n);
int a13_even(int n) { return n == 0 ? 1 : a13_odd(n - 1); }
int a13_odd(int n) { return n == 0 ? 0 : a13_even(n - 1); }

int a13_sum(int count, ...) {
  va_list numbers;
  int sum = 0;
  va_start(numbers, count);
  for (int i = 0; i < count; i++) sum += va_arg(numbers, int);
  va_end(numbers);
  return sum;
}

int a13_alloca(int n) {
  char *room = alloca((size_t)n);
  memset(room, 'x', (size_t)n);
  return room[n - 1] == 'x' ? n : -1;
}

int a13_goto(const char *program) {
  static const void *const operations[] = {&&add, &&twice, &&end};
  int value = 1;
  goto *operations[*program - '0'];
add:
  value += 1;
  program++;
  goto *operations[*program - '0'];
twice:
  value *= 2;
  program++;
  goto *operations[*program - '0'];
end:
  return value;
}

void a13_note(int value);
static int noted;
void a13_note(int value) { noted = noted * 10 + value; }

int a13_switch(int x) {
  noted = 0;
  switch (x) {
    case 0: a13_note(1); break;
    case 1: a13_note(3); break;
    case 2: a13_note(5); a13_note(1); break;
    case 3: a13_note(7); break;
    case 4: a13_note(2); a13_note(2); break;
    case 5: a13_note(9); break;
    default: a13_note(0); break;
  }
  return noted;
}

int a13_asm(int x) {
  int result;
  __asm__("leal 5(%1), %0" : "=r"(result) : "r"(x));
  return result;
}

void run_a13(void) {
  report("A13.recursion", "%d %d", a13_factorial(5), a13_even(6));
  report("A13.frame", "%d %d", a13_sum(3, 1, 2, 3), a13_alloca(100));
  report("A13.jumps", "%d %d %d", a13_goto("0112"), a13_switch(2), a13_switch(4));
  report("A13.asm", "%d", a13_asm(1));
}

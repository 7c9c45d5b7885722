/* An evaluator of expressions: recursion, bits, a struct passed by value, varargs. */
#include "zoo.h"

#include <stdarg.h>

struct result {
  long value;
  int error;
};

static const char *at;

static struct result sum(void);

static struct result number(void) {
  struct result result = {0, 0};
  if (*at == '(') {
    at++;
    result = sum();
    if (*at == ')') at++;
    else result.error = 1;
    return result;
  }
  if (*at < '0' || *at > '9') {
    result.error = 2;
    return result;
  }
  while (*at >= '0' && *at <= '9') {
    result.value = result.value * 10 + (*at - '0');
    at++;
  }
  return result;
}

static struct result product(void) {
  struct result left = number();
  while (left.error == 0 && (*at == '*' || *at == '%')) {
    const char operation = *at++;
    const struct result right = number();
    if (right.error != 0) return right;
    if (operation == '*') left.value *= right.value;
    else if (right.value != 0) left.value %= right.value;
    else left.error = 3;
  }
  return left;
}

static struct result sum(void) {
  struct result left = product();
  while (left.error == 0 && (*at == '+' || *at == '-')) {
    const char operation = *at++;
    const struct result right = product();
    if (right.error != 0) return right;
    left.value += operation == '+' ? right.value : -right.value;
  }
  return left;
}

static unsigned bits(unsigned long value) {
  unsigned count = 0;
  for (; value != 0; value &= value - 1) count++;
  return count;
}

static unsigned long rotate(unsigned long value, unsigned by) {
  return (value << (by & 63)) | (value >> ((64 - by) & 63));
}

static long greatest(int count, ...) {
  long best = -1000;
  va_list list;
  va_start(list, count);
  for (int i = 0; i < count; i++) {
    const long item = va_arg(list, long);
    if (item > best) best = item;
  }
  va_end(list);
  return best;
}

void calculator_probe(unsigned input) {
  static const char *const expressions[] = {"1+2*3", "(4+5)*(6-7)", "100%7-3*(2+1)", "8%0", "2+", "12*(3"};
  for (unsigned i = 0; i < 6; i++) {
    at = expressions[(i + input) % 6];
    const struct result result = sum();
    hr_out("value %ld %d", result.value, result.error);
  }
  hr_out("bits %u %lx %ld", bits(input * 2654435761u), rotate(input + 1, input % 61),
         greatest(4, (long)input % 13, 7L, -3L, (long)input % 29));
}

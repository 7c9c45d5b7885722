/* A hundred functions of values.cc and a thousand of many.cc: X(n, v) for each, v being which of the versions is its own. No
 * test edits this file. */
#ifndef VALUES_H
#define VALUES_H

#define TEN(X, n, v) \
  X(n##0, v) X(n##1, v) X(n##2, v) X(n##3, v) X(n##4, v) X(n##5, v) X(n##6, v) X(n##7, v) X(n##8, v) X(n##9, v)
#define HUNDRED(X, n, v)                                                                                          \
  TEN(X, n##0, v) TEN(X, n##1, v) TEN(X, n##2, v) TEN(X, n##3, v) TEN(X, n##4, v) TEN(X, n##5, v) TEN(X, n##6, v) \
  TEN(X, n##7, v) TEN(X, n##8, v) TEN(X, n##9, v)

#define VALUES(X)                                                                                             \
  X(1000, 1)                                                                                                  \
  X(1001, 10) X(1002, 10) X(1003, 10) X(1004, 10) X(1005, 10) X(1006, 10) X(1007, 10) X(1008, 10) X(1009, 10) \
  TEN(X, 101, 100) TEN(X, 102, 100) TEN(X, 103, 100) TEN(X, 104, 100) TEN(X, 105, 100) TEN(X, 106, 100)       \
  TEN(X, 107, 100) TEN(X, 108, 100) TEN(X, 109, 100)

#define MANY(X)                                                                                                 \
  HUNDRED(X, 20, 1000) HUNDRED(X, 21, 1000) HUNDRED(X, 22, 1000) HUNDRED(X, 23, 1000) HUNDRED(X, 24, 1000)      \
  HUNDRED(X, 25, 1000) HUNDRED(X, 26, 1000) HUNDRED(X, 27, 1000) HUNDRED(X, 28, 1000) HUNDRED(X, 29, 1000)

#define DECLARE(n, v) unsigned value_##n(unsigned x);
VALUES(DECLARE)
MANY(DECLARE)

/* Throws what value_1000 returns. */
[[noreturn]] void value_thrown(unsigned x);

/* Returns what value_1000 returned when it was called, after a while. */
unsigned value_held(unsigned x);

#endif

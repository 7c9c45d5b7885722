#pragma once

#ifdef __cplusplus
extern "C" {
#endif

struct b7_view {
  int limit, used;
  long hidden, inner;
  double zero;
  const char *text;
  int first;
  const char *name;
  int (*function)(int);
};

/* In a file of C in the executable, and in one of C++ in a shared library: the same variables. */
struct b7_view b7_look(void);
struct b7_view b7_shared_look(void);
void b7_use(int value);
void b7_shared_use(int value);

#ifdef __cplusplus
}
#endif

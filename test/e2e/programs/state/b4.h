#pragma once

#ifdef __cplusplus
extern "C" {
#endif

struct b4_view {
  long *global, *file_static, *function_static, *zero;
  int *pointed;
  int (*function)(int);
  const char *text;
  int version;
};

/* Each call adds one to each variable that is there. */
struct b4_view b4_c_step(void);
struct b4_view b4_step(void);

extern int b4_existing;
int b4_existing_function(int x);

#ifdef __cplusplus
}
#endif

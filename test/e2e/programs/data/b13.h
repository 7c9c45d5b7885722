#pragma once

#ifdef __cplusplus
extern "C" {
#endif

struct b13_view {
  int version;
  long hidden, other_module, common;
  long *hidden_at, *other_module_at, *common_at;
};

struct b13_view b13_look(void);
long b13_common_step(void);
extern long b13_other_module; /* of the shared library */
long b13_other_module_now(void);
long *b13_added(void);

#ifdef __cplusplus
}
#endif

#pragma once

#ifdef __cplusplus
extern "C" {
#endif

int *b12_shared_address(void);
extern int b12_shared_value;

#ifdef __cplusplus
}

struct B12Answer {
  int version, file_static, global, shared, other, added;
  int *address_of_static, *address_of_other, *address_of_added;
  bool static_equal, global_equal, shared_equal, other_equal;
};

extern int b12_global;

// The addresses were taken by old code (b12_old_address and b12_user.cc).
int *b12_old_address();
B12Answer b12_look(int *file_static, int *global, int *shared, int *other);
#endif

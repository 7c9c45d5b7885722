#include "a12.h"

#include <stdlib.h>

int a12_global(int x) { return x + 1; }

static int a12_static(int x) { return x + 2; }

a12_function a12_take_global() { return &a12_global; }

a12_function a12_take_static() { return &a12_static; }

a12_function a12_take_shared() { return nullptr; }

a12_function a12_take_library() { return nullptr; }

a12_function a12_take_added() { return nullptr; }

bool a12_is_global(a12_function function) { return function == &a12_global; }

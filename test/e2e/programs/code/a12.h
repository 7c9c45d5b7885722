#pragma once

typedef int (*a12_function)(int);

int a12_global(int x);
int a12_shared(int x);
a12_function a12_shared_taken_there();
a12_function a12_take_global();
a12_function a12_take_static();
a12_function a12_take_shared();
a12_function a12_take_library();
a12_function a12_take_added();
bool a12_is_global(a12_function function);

#include "a12.h"

int a12_shared(int x) { return x + 3; }

a12_function a12_shared_taken_there() { return &a12_shared; }

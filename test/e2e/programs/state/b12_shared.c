#include "b12.h"

int b12_shared_value = 3;

int *b12_shared_address(void) { return &b12_shared_value; }

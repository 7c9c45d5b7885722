#include "b14.h"

B14State b14_state;

void b14_write() { b14_state.other = 1; }

long b14_next() { return B14Counter<long>::next(); }

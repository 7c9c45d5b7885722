#include "heavy.h"

int second(int x) { return heavy(x) + 50; }

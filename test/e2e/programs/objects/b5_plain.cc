#include "b5.h"

// place for variables

long b5_plain() {
  // place for code
  return 0;
}

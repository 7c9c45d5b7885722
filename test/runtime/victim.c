/* Functions that are compiled as the project's are, for tests to redirect. */
#include "victim.h"

#define KEEP __attribute__((noinline))

KEEP int victim(int x) {
  __asm__ volatile("");
  return x + 1;
}

KEEP int victim_other(int x) {
  __asm__ volatile("");
  return x + 2;
}

KEEP int victim_third(int x) {
  __asm__ volatile("");
  return x + 3;
}

KEEP int victim_undo(int x) {
  __asm__ volatile("");
  return x + 2;
}

KEEP int victim_undo_other(int x) {
  __asm__ volatile("");
  return x + 3;
}

KEEP static int hidden(int x) {
  __asm__ volatile("");
  return x + 1;
}

KEEP int victim_static(int x) {
  return hidden(x);
}

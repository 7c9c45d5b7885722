#include "b12.h"

static int file_static = 1;
static int other = 10;
int b12_global = 2;

int *b12_old_address() { return &file_static; }

// place for new variables

B12Answer b12_look(int *, int *, int *, int *) {
  B12Answer answer = {};
  answer.version = 1;
  answer.file_static = file_static;
  answer.global = b12_global;
  answer.shared = b12_shared_value;
  answer.other = other;
  return answer;
}

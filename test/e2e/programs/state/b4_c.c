#include "b4.h"

/* place for globals */

struct b4_view b4_c_step(void) {
  struct b4_view view = {0};
  view.version = 1;
  /* place for code */
  return view;
}

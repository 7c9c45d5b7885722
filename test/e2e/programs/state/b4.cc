#include "b4.h"

// place for globals

b4_view b4_step() {
  b4_view view = {};
  view.version = 1;
  // place for code
  return view;
}

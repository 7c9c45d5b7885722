#include "b13.h"

__attribute__((visibility("hidden"))) long b13_hidden = 100;
extern long b13_common;

struct b13_view b13_look(void) {
  struct b13_view view = {0};
  view.version = 1;
  view.hidden = ++b13_hidden;
  view.other_module = ++b13_other_module;
  view.common = ++b13_common;
  view.hidden_at = &b13_hidden;
  view.other_module_at = &b13_other_module;
  view.common_at = &b13_common;
  return view;
}

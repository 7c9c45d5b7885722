#include "a3.h"
#include "report.h"

void run_a3() {
  static A3Body *const old_object = new A3Body(10);
  report("A3.object", "%d", old_object->mass());
  report("A3.member", "%d", old_object->weight(10));
  report("A3.static_member", "%d", A3Body::count_up(0));
  report("A3.operator", "%d", (*old_object + *old_object).mass());
  A3Body *made = new A3Body(100);
  report("A3.constructor", "%d", made->mass());
  int destroyed = a3_destroyed;
  delete made;
  report("A3.destructor", "%d", a3_destroyed - destroyed);
}

#include "a4.h"
#include "report.h"

static A4Shape *a4_old;

void start_a4() { a4_old = a4_make(); }

void run_a4() {
  A4Shape *made = a4_make();
  A4Square direct;
  report("A4.old", "%d %s", a4_old->corners(), a4_old->name());
  report("A4.new", "%d %s", made->corners(), made->name());
  report("A4.direct", "%d", direct.A4Square::corners());
  report("A4.base", "%d", a4_old->A4Shape::corners());
  report("A4.cast", "%d", dynamic_cast<A4Square *>(made) != nullptr && dynamic_cast<A4Square *>(a4_old) != nullptr);
  int destroyed = a4_destroyed;
  delete made;
  report("A4.destroyed", "%d", a4_destroyed - destroyed);
}

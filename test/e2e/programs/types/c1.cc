// C1: a type with objects on the heap that live as long as the program.
#include "report.h"

namespace c1 {

struct Body {
  int x;
  int y;
  // place for members
};

Body* bodies[4];

static int weight(const Body& body) { return body.x * 10 + body.y; }

}  // namespace c1

void run_c1() {
  for (int i = 0; i < 4; i++) {
    if (!c1::bodies[i]) c1::bodies[i] = new c1::Body{i, 2};
  }
  report("C1.weight", "%d", c1::weight(*c1::bodies[3]));
}

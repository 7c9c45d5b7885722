// C2: a class with virtual functions, and an object of it.
#include "report.h"

class C2Shape {
 public:
  virtual int first() { return 1; }
  // place in the middle
  virtual int second() { return 2; }
  // place at the end
  virtual ~C2Shape() = default;
};

static C2Shape* shape;

void run_c2() {
  if (!shape) shape = new C2Shape;
  report("C2.virtual", "%d_%d", shape->first(), shape->second());
}

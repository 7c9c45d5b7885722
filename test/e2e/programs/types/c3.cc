// C3: types of every kind, with objects that live.
#include "report.h"

struct C3Left {
  int left = 1;
};

struct C3Right {
  int right = 2;
};

struct C3Derived : C3Left {
  int own = 3;
};

struct C3Members {
  int one = 1;
  float two = 2;
};

struct C3Bits {
  unsigned low : 3;
  unsigned high : 5;
};

enum class C3Colour : int { red, green };

struct C3Coloured {
  C3Colour colour = C3Colour::green;
};

struct C3Plain {
  char bytes[4];
};

static C3Derived derived;
static C3Members members;
static C3Bits bits = {3, 17};
static C3Coloured coloured;
static C3Plain plain = {{'o', 'k', 0, 0}};

void run_c3() {
  report("C3.all", "%d_%d_%d_%d_%s", derived.own, members.one, bits.high, int(coloured.colour), plain.bytes);
}

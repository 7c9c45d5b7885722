// A body that moves: a star, a planet, a comet.
#pragma once
#include <string>

#include "vector.h"

namespace orbit {

struct Body {
  std::string name;
  char symbol = '?';
  double mass = 0;  // of the sun
  Vector position;
  Vector velocity;

  bool is_sun() const { return name == "Sun"; }
  /** Changes the velocity by an acceleration that lasts for some days. */
  void kick(Vector acceleration, double days);
  /** Moves on with the present velocity for some days. */
  void drift(double days);
};

}  // namespace orbit

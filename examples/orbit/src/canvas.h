// A rectangle of characters to draw on, with the sun in the middle.
#pragma once
#include <string>
#include <vector>

#include "vector.h"

namespace orbit {

class Canvas {
 public:
  Canvas(int columns, int rows, double radius);
  /** Puts a character at a place, unless the place is outside or taken. */
  void put(Vector place, char symbol);
  std::vector<std::string> lines() const { return lines_; }

 private:
  int columns_;
  int rows_;
  double radius_;
  std::vector<std::string> lines_;
};

}  // namespace orbit

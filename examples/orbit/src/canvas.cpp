// Places in the plane -> cells of the terminal, which are about twice as high as wide.
#include "canvas.h"

namespace orbit {

Canvas::Canvas(int columns, int rows, double radius)
    : columns_(columns), rows_(rows), radius_(radius), lines_(rows, std::string(columns, ' ')) {}

void Canvas::put(Vector place, char symbol) {
  const int column = static_cast<int>(std::lround((place.x / radius_ + 1) / 2 * (columns_ - 1)));
  const int row = static_cast<int>(std::lround((1 - place.y / radius_) / 2 * (rows_ - 1)));
  if (column < 0 || column >= columns_ || row < 0 || row >= rows_) return;
  char& cell = lines_[row][column];
  if (cell == ' ') cell = symbol;
}

}  // namespace orbit

// A vector in the plane of the orbits, in astronomical units (AU), or AU per day, or AU per day squared.
#pragma once
#include <cmath>

namespace orbit {

struct Vector {
  double x = 0;
  double y = 0;
};

inline Vector operator+(Vector a, Vector b) { return {a.x + b.x, a.y + b.y}; }
inline Vector operator-(Vector a, Vector b) { return {a.x - b.x, a.y - b.y}; }
inline Vector operator*(double factor, Vector a) { return {factor * a.x, factor * a.y}; }
inline double length(Vector a) { return std::hypot(a.x, a.y); }

}  // namespace orbit

// Newton's law, in astronomical units, days and masses of the sun.
#include "gravity.h"

namespace orbit {

namespace {

// The Gaussian gravitational constant, squared.
constexpr double gravitation = 0.01720209895 * 0.01720209895;

}  // namespace

Vector attraction(const Body& source, Vector place) {
  const Vector towards = source.position - place;
  const double distance = length(towards);
  return (gravitation * source.mass / (distance * distance * distance)) * towards;
}

double circular_speed(double distance) { return std::sqrt(gravitation / distance); }

double energy(const Body& body, const Body& sun) {
  const double speed = length(body.velocity);
  const double distance = length(body.position - sun.position);
  return body.mass * (speed * speed / 2 - gravitation * sun.mass / distance);
}

}  // namespace orbit

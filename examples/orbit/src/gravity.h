// What bodies do to each other.
#pragma once
#include "body.h"

namespace orbit {

/** The acceleration that a body causes at a place, in AU per day squared. */
Vector attraction(const Body& source, Vector place);

/** The velocity, in AU per day, that keeps a body on a circle around the sun. */
double circular_speed(double distance);

/** Kinetic energy of a body and its potential energy in the sun's field. */
double energy(const Body& body, const Body& sun);

}  // namespace orbit

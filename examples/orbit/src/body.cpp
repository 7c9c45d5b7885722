// How a body moves.
#include "body.h"

namespace orbit {

void Body::kick(Vector acceleration, double days) { velocity = velocity + days * acceleration; }

void Body::drift(double days) { position = position + days * velocity; }

}  // namespace orbit

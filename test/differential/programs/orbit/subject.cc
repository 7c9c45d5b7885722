// Lets time pass, and shows all that can be seen of the universe.
#include "src/gravity.h"
#include "src/picture.h"
#include "src/universe.h"

namespace orbit {
void picture_state();
}

static orbit::Universe* universe;

void subject_start() { universe = new orbit::Universe(); }

void subject_probe(unsigned input) {
  for (unsigned i = 0; i < 3 + input % 5; i++) {
    universe->tick();
    const orbit::Moment moment = universe->now();
    orbit::Observation observation;
    observation.first = moment.bodies.front().name;
    observation.second = moment.bodies.back().name;
    observation.distance = length(moment.bodies.front().position - moment.bodies.back().position);
    observation.energy = energy(moment.bodies.front(), moment.bodies.back());
    for (const std::string& line : picture_of(moment, observation)) hr_out("%s", line.c_str());
    hr_out("%s", line_of(moment, observation).c_str());
    for (const orbit::Body& body : moment.bodies) {
      hr_out("%s %.9f %.9f %.9f %d", body.name.c_str(), body.position.x, body.position.y, length(body.velocity), int(body.is_sun()));
    }
  }
}

void subject_state() {
  universe->state();
  orbit::picture_state();
}

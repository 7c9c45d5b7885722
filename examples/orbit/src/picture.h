// What the universe looks like: as a picture, and as one line of text.
#pragma once
#include <string>
#include <vector>

#include "universe.h"
#include "workers.h"

namespace orbit {

/** A picture of a moment, one string a line. Remembers where the bodies were, to draw their trails. */
std::vector<std::string> picture_of(const Moment& moment, const Observation& observation);

/** `tick=20 day=20.0 days_per_tick=1.0 bodies=6 energy=-4.1e-10 closest=Earth-Venus@0.312` */
std::string line_of(const Moment& moment, const Observation& observation);

}  // namespace orbit

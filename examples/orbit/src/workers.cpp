// What the two threads do, again and again, until the program ends.
#include "workers.h"

#include <chrono>

#include "gravity.h"

namespace orbit {

namespace {

using std::chrono::milliseconds;

double total_energy(const Moment& moment) {
  double total = 0;
  for (const Body& body : moment.bodies) {
    for (const Body& sun : moment.bodies) {
      if (sun.is_sun() && !body.is_sun()) total += energy(body, sun);
    }
  }
  return total;
}

Observation observe(const Moment& moment) {
  Observation result{total_energy(moment), "", "", 1e9};
  for (const Body& body : moment.bodies) {
    for (const Body& other : moment.bodies) {
      if (body.is_sun() || other.is_sun() || &other <= &body) continue;
      const double distance = length(body.position - other.position);
      if (distance < result.distance) result = {result.energy, body.name, other.name, distance};
    }
  }
  return result;
}

}  // namespace

Workers::Workers(Universe& universe)
    : universe_(universe), observation_(observe(universe.now())), clock_(&Workers::let_time_pass, this),
      observer_(&Workers::measure, this) {}

Workers::~Workers() {
  stop_ = true;
  clock_.join();
  observer_.join();
}

Observation Workers::observation() const {
  const std::lock_guard lock(mutex_);
  return observation_;
}

void Workers::let_time_pass() {
  while (!stop_) {
    universe_.tick();
    std::this_thread::sleep_for(milliseconds(50));
  }
}

void Workers::measure() {
  while (!stop_) {
    const Observation latest = observe(universe_.now());
    {
      const std::lock_guard lock(mutex_);
      observation_ = latest;
    }
    std::this_thread::sleep_for(milliseconds(100));
  }
}

}  // namespace orbit

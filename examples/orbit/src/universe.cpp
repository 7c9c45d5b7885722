// The bodies on the heap, and how time passes for them.
#include "universe.h"

#include <cmath>

#include "gravity.h"

namespace orbit {

namespace {

// How often time has moved on since the program started. A reload keeps it.
long ticks = 0;

double days_per_tick() {
  return 1.0;  // EDIT ME: try 4.0, and save
}

// Longer steps would throw Mercury out of its orbit.
constexpr double longest_step = 0.25;

}  // namespace

Universe::Universe() {
  add("Sun", '*', 1, 0, 0);
  add("Mercury", 'm', 1.7e-7, 0.39, 1);
  add("Venus", 'v', 2.4e-6, 0.72, 1);
  add("Earth", 'E', 3.0e-6, 1.0, 1);
  add("Mars", 'M', 3.2e-7, 1.52, 1);
  add("Comet", '~', 1e-12, 1.45, 0.55);
}

void Universe::add(const std::string& name, char symbol, double mass, double distance, double speed_factor) {
  auto body = std::make_unique<Body>();
  body->name = name;
  body->symbol = symbol;
  body->mass = mass;
  body->position = {distance, 0};
  if (distance > 0) body->velocity = {0, speed_factor * circular_speed(distance)};
  bodies_[name] = std::move(body);
}

void Universe::tick() {
  const std::lock_guard lock(mutex_);
  const double days = days_per_tick();
  const int steps = static_cast<int>(std::ceil(std::abs(days) / longest_step));
  for (int step = 0; step < steps; ++step) advance(days / steps);
  day_ += days;
  ++ticks;
}

void Universe::advance(double days) {
  for (auto& [name, body] : bodies_) {
    for (const auto& [other_name, other] : bodies_) {
      if (other != body) body->kick(attraction(*other, body->position), days);
    }
  }
  for (auto& [name, body] : bodies_) body->drift(days);
}

Moment Universe::now() const {
  const std::lock_guard lock(mutex_);
  Moment moment{ticks, day_, days_per_tick(), {}};
  for (const auto& [name, body] : bodies_) moment.bodies.push_back(*body);
  return moment;
}

}  // namespace orbit

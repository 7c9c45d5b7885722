// Draws the sky, with a trail behind every body that moves.
#include "picture.h"

#include <cstdio>
#include <deque>

#include "canvas.h"

namespace orbit {

namespace {

constexpr int columns = 49;
constexpr int rows = 21;
constexpr double radius = 1.65;  // AU from the sun to the edge

size_t trail_length() {
  return 90;  // try 400, or 0
}

char trail_symbol() {
  return '.';  // try ':'
}

// The static state of a shared library: where each body was in the last frames.
std::deque<Vector> trail;

void remember(const Moment& moment) {
  for (const Body& body : moment.bodies) {
    if (!body.is_sun()) trail.push_back(body.position);
  }
  while (trail.size() > trail_length()) trail.pop_front();
}

std::string closest_text(const Observation& observation) {
  char text[96];
  std::snprintf(text, sizeof text, "%s-%s@%.3f", observation.first.c_str(), observation.second.c_str(),
                observation.distance);
  return text;
}

}  // namespace

std::vector<std::string> picture_of(const Moment& moment, const Observation& observation) {
  remember(moment);
  Canvas canvas(columns, rows, radius);
  for (const Body& body : moment.bodies) canvas.put(body.position, body.symbol);
  for (const Vector& place : trail) canvas.put(place, trail_symbol());

  std::vector<std::string> lines = canvas.lines();
  char text[160];
  std::snprintf(text, sizeof text, "tick %ld   day %.0f   %.1f days a tick   closest now: %s", moment.tick, moment.day,
                moment.days_per_tick, closest_text(observation).c_str());
  lines.emplace_back(text);
  return lines;
}

std::string line_of(const Moment& moment, const Observation& observation) {
  char text[240];
  std::snprintf(text, sizeof text, "tick=%ld day=%.1f days_per_tick=%.1f bodies=%zu energy=%.6e closest=%s",
                moment.tick, moment.day, moment.days_per_tick, moment.bodies.size(), observation.energy,
                closest_text(observation).c_str());
  return text;
}

}  // namespace orbit

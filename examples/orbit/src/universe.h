// All bodies, and the clock that moves them. Any thread may call it.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "body.h"

namespace orbit {

/** The universe as it was at one moment. */
struct Moment {
  long tick = 0;
  double day = 0;
  double days_per_tick = 0;
  std::vector<Body> bodies;
};

class Universe {
 public:
  /** Starts with a sun, four planets and a comet. */
  Universe();
  /** Lets some days pass. */
  void tick();
  Moment now() const;

 private:
  void add(const std::string& name, char symbol, double mass, double distance, double speed_factor);
  void advance(double days);

  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Body>> bodies_;
  double day_ = 0;
};

}  // namespace orbit

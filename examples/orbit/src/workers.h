// The two threads that work while the main thread draws: one lets time pass, the other one measures.
#pragma once
#include <atomic>
#include <mutex>
#include <string>
#include <thread>

#include "universe.h"

namespace orbit {

/** What the measuring thread found last. */
struct Observation {
  double energy = 0;
  /** The two bodies that are closest to each other, the sun left out, and their distance in AU. */
  std::string first;
  std::string second;
  double distance = 0;
};

class Workers {
 public:
  explicit Workers(Universe& universe);
  /** Ends both threads. */
  ~Workers();
  Observation observation() const;

 private:
  void let_time_pass();
  void measure();

  Universe& universe_;
  std::atomic<bool> stop_{false};
  mutable std::mutex mutex_;
  Observation observation_;
  std::thread clock_;
  std::thread observer_;
};

}  // namespace orbit

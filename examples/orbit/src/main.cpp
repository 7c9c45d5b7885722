// Planets around a sun, until SIGINT or SIGTERM.
#include <csignal>
#include <cstdio>
#include <ctime>

#include "display.h"
#include "universe.h"
#include "workers.h"

namespace {

volatile std::sig_atomic_t asked_to_end = 0;

void end(int) { asked_to_end = 1; }

// Interrupted by a signal, unlike std::this_thread::sleep_for.
void wait_for_a_tenth_of_a_second() {
  const timespec tenth{0, 100'000'000};
  nanosleep(&tenth, nullptr);
}

}  // namespace

int main() {
  std::signal(SIGINT, end);
  std::signal(SIGTERM, end);

  orbit::Universe universe;
  {
    orbit::Workers workers(universe);
    orbit::Display display;
    while (!asked_to_end) {
      display.show(universe, workers);
      wait_for_a_tenth_of_a_second();
    }
  }
  std::printf("ended at tick %ld\n", universe.now().tick);
}

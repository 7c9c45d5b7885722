// Closures, function objects and pointers to members, all made anew by each probe.
#include <functional>
#include <string>
#include <vector>

#include "zoo.h"

namespace {

using Handler = std::function<long(long)>;

struct Bus {
  std::vector<Handler> handlers;

  long send(long value) const {
    for (const Handler& handler : handlers) value = handler(value);
    return value;
  }
};

struct Counter {
  long up(long by) { return value += by; }
  long down(long by) { return value -= by; }
  long value = 10;
};

Bus make_bus(long start) {
  Bus bus;
  bus.handlers.push_back([start](long value) { return value + start; });
  bus.handlers.push_back([](long value) { return value * 3; });
  auto limit = [&](long value) { return value > 500 ? 500 : value; };
  bus.handlers.push_back([limit, twice = start * 2](long value) { return value - twice; });
  return bus;
}

long apply(long (Counter::*method)(long), long by) {
  Counter counter;
  return (counter.*method)(by);
}

long compose(const Handler& first, const Handler& second, long value) {
  return second(first(value));
}

}  // namespace

void events_probe(unsigned input) {
  const Bus bus = make_bus(long(input % 17));
  for (long value = 1; value < 200; value *= 7) {
    hr_out("sent %ld", bus.send(value));
  }
  const auto method = input % 2 == 0 ? &Counter::up : &Counter::down;
  hr_out("member %ld", apply(method, long(input % 9)));
  int calls = 0;
  const long composed = compose([&](long v) { calls++; return v + 1; }, [&calls](long v) { calls += 2; return v * v; }, 6);
  hr_out("composed %ld %d", composed, calls);
}

// A ball between two walls. Changes come between two frames, never inside one, and not while the ball touches a wall.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#if __has_include("hotreload.h")
#include "hotreload.h"
#else // built without hotreload: the game is the same
static inline void hotreload_set_polled(int) {}
static inline int hotreload_poll() { return 0; }
static inline void *hotreload_state(const char *, size_t size) { return std::calloc(1, size); }
#define WITHOUT_HOTRELOAD
#endif

namespace {

constexpr double left_wall = 0, right_wall = 40;

struct Ball {
  double position, speed; // cells, and cells a second
};

/* Kept when `hotreload dev` restarts the game, because of a new member in some other type, say. */
struct World {
  Ball ball;
  long frame, reloads;
};

World *world;

/* A world that is all zero is a new one. */
void begin() {
  world = static_cast<World *>(hotreload_state("world", sizeof(World)));
  if (!world) std::abort();
  if (world->frame == 0) world->ball = {5, 12};
}

void move(double seconds) {
  Ball &ball = world->ball;
  ball.position += ball.speed * seconds; // edit me: gravity, friction
  if (ball.position < left_wall || ball.position > right_wall) ball.speed = -ball.speed;
}

void draw() {
  std::printf("frame %ld position %.1f reloads %ld\n", world->frame, world->ball.position, world->reloads);
}

#ifndef WITHOUT_HOTRELOAD
const char *before(const hotreload_change *, void *) noexcept {
  const double position = world->ball.position;
  return position < left_wall || position > right_wall ? "the ball is in a wall" : nullptr;
}

void after(const hotreload_change *change, void *) noexcept {
  if (change->failed) return;
  ++world->reloads;
  std::printf("new code: %zu functions, first %s\n", change->function_count,
              change->function_count ? change->functions[0] : "none");
}
#endif

void frames() {
  using namespace std::chrono_literals;
  for (auto next = std::chrono::steady_clock::now();; std::this_thread::sleep_until(next)) {
    next += 50ms;
    ++world->frame;
    move(0.05);
    draw();
    hotreload_poll(); // here, and nowhere else
  }
}

} // namespace

int main() {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  hotreload_set_polled(1);
  begin();
#ifndef WITHOUT_HOTRELOAD
  hotreload_set_name("game");
  hotreload_register(before, after, nullptr);
#endif
  frames();
}

/* Never edited: threads that call eleven hundred functions over and over and check each result, while others do all that threads
 * do besides: they create threads, fork, throw, allocate, open and close libraries, and stand in code that is replaced.
 *
 * The test saves versions in turn, and waits every now and then until all threads have arrived: a version that is further
 * on than HALF of its turn is one that went back. */
#include "values.h"

extern "C" {
#include "report.h"
}

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <thread>

namespace {

constexpr int MOST_THREADS = 64;
constexpr long LONG_GAP = 10000;

struct value {
  unsigned (*function)(unsigned x);
  unsigned factor;
  unsigned turn; /* how many versions there are of it */
};

constexpr unsigned TURN_1 = 200, TURN_10 = 40, TURN_100 = 10, TURN_1000 = 2;
#define VALUE(n, v) {value_##n, n, TURN_##v},
const value values[] = {VALUES(VALUE) MANY(VALUE)};
constexpr unsigned COUNT = sizeof values / sizeof *values;

struct worker {
  std::atomic<long> bursts{0}, wrong{0}, longest_gap{0}, long_gaps{0};
  std::atomic<unsigned> version{0};
  unsigned char last[COUNT] = {};
  unsigned char thrown = 0;

  void check(unsigned char &seen, unsigned turn, unsigned now) {
    const unsigned forward = (now + turn - seen) % turn;
    if (now >= turn || (turn > 2 && forward >= turn / 2)) wrong += 1;
    seen = static_cast<unsigned char>(now);
  }

  void gap(long microseconds) {
    if (microseconds > longest_gap) longest_gap = microseconds;
    if (microseconds > LONG_GAP) long_gaps += 1;
  }
};

worker workers[MOST_THREADS];
int threads = 8;
std::atomic<long> rounds{0}, other_wrong{0};

long microseconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000L + now.tv_nsec / 1000;
}

void pause_ms(long milliseconds) {
  const timespec pause = {0, milliseconds * 1000 * 1000};
  nanosleep(&pause, nullptr);
}

unsigned caught(unsigned x) {
  try {
    value_thrown(x);
  } catch (unsigned value) {
    return value - x * 1000;
  }
}

void work(worker &self) {
  unsigned x = static_cast<unsigned>(&self - workers) * 7919u + 1;
  for (;;) {
    std::unique_ptr<char[]> block(new char[x % 5000 + 1]);
    std::memset(block.get(), 1, x % 5000 + 1);
    long last = microseconds();
    for (unsigned i = 0; i < COUNT; i++) {
      self.check(self.last[i], values[i].turn, values[i].function(x) - x * values[i].factor);
      if (i % 100 != 99) continue;
      const long time = microseconds();
      self.gap(time - last);
      last = time;
    }
    self.check(self.thrown, TURN_1, caught(x));
    self.gap(microseconds() - last);
    x = x * 1664525u + 1013904223u;
    self.version = self.last[0];
    self.bursts += 1;
    pause_ms(20);
  }
}

/* For threads that come and go: no more than that the result is one of the valid ones. */
void one_call() {
  if (caught(7) >= TURN_1 || value_1000(7) - 7000 >= TURN_1 || value_2999(7) - 7 * 2999 >= TURN_1000) other_wrong += 1;
}

void fork_once() {
  const pid_t child = fork();
  if (child == 0) {
    one_call();
    _exit(other_wrong == 0 ? 0 : 1);
  }
  int status = 1;
  if (waitpid(child, &status, 0) != child || status != 0) other_wrong += 1;
}

void churn() {
  for (;; rounds++) {
    std::thread(one_call).join();
    fork_once();
    void *library = dlopen("libresolv.so.2", RTLD_NOW | RTLD_LOCAL);
    if (!library || dlclose(library) != 0) other_wrong += 1;
    pause_ms(10);
  }
}

void stand() {
  for (;;)
    if (value_held(3) - 3000 >= TURN_1) other_wrong += 1;
}

/* What compiles has precedence: sched(7), "The autogroup feature". */
void yield_to_others() {
  const int group = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
  if (group < 0) return;
  if (write(group, "10", 2) != 2) std::abort();
  close(group);
}

} // namespace

extern "C" void start_threads() {
  const char *wanted = getenv("HOTRELOAD_E2E_THREADS");
  if (wanted && atoi(wanted) > 0 && atoi(wanted) <= MOST_THREADS) threads = atoi(wanted);
  const char *seconds = getenv("HOTRELOAD_E2E_SECONDS");
  if (seconds) alarm(static_cast<unsigned>(atoi(seconds)));
  yield_to_others();
  for (int i = 0; i < threads; i++) std::thread(work, std::ref(workers[i])).detach();
  std::thread(churn).detach();
  std::thread(stand).detach();
}

extern "C" void report_threads() {
  long wrong = other_wrong, longest = 0, long_gaps = 0, fewest = workers[0].bursts;
  bool together = true;
  for (int i = 0; i < threads; i++) {
    const worker &worker = workers[i];
    wrong += worker.wrong;
    long_gaps += worker.long_gaps;
    if (worker.longest_gap > longest) longest = worker.longest_gap;
    if (worker.bursts < fewest) fewest = worker.bursts;
    together = together && worker.version == workers[0].version;
  }
  report("E1.wrong", "%ld", wrong);
  report("E1.version", "%s%u", together ? "" : "about_", workers[0].version.load());
  report("E1.bursts", "%ld", fewest / 100 * 100);
  report("E1.rounds", "%ld", rounds / 10 * 10);
  report("E1.longest_gap_us", "%ld", longest);
  report("E1.long_gaps", "%ld", long_gaps);
}

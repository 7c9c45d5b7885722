// The program around the unit: says how it is, loads what it is told to, and says it again.
#include <condition_variable>
#include <cstdio>
#include <functional>
#include <mutex>
#include <thread>

#include "unit.h"

extern "C" void survey(const char* patched);
extern "C" void apply(const char* library);

namespace {

/// A thread that lives all the time, so that its thread-locals do.
class Worker {
 public:
  Worker() : thread_([this] { serve(); }) {}
  ~Worker() {
    run(nullptr);
    thread_.join();
  }
  void run(std::function<void()> job) {
    std::unique_lock<std::mutex> lock(mutex_);
    job_ = std::move(job);
    pending_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !pending_; });
  }

 private:
  void serve() {
    for (bool more = true; more;) {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [this] { return pending_; });
      if (job_) job_();
      more = bool(job_);
      pending_ = false;
      changed_.notify_all();
    }
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> job_;
  bool pending_ = false;
  std::thread thread_;
};

int thrown() {
  try {
    fail(3);
  } catch (const Failure& failure) {
    return failure.code;
  }
}

void print(const char* who, const State& state) {
  std::printf("%s counter=%d global=%d thread=%d,%d calls=%d added=%d name=%s\n", who, state.counter, state.global_count,
              state.of_thread, state.of_thread_and_file, state.calls, state.added, state.name.c_str());
}

int (*const remembered)(int) = compute;
Base* const object = create();

void report(Worker& worker) {
  std::printf("compute=%d\n", compute(1));
  std::printf("by pointer=%d\n", remembered(2));
  worker.run([] { std::printf("in thread=%d\n", compute(3)); });
  print("main", state());
  worker.run([] { print("worker", state()); });
  std::printf("old eyes=%d,%d\n", global_count, of_thread);
  std::printf("virtual=%d new=%d\n", use(object, 10), use(create(), 10));
  std::printf("called from outside=%d\n", object->work(5));
  std::printf("recognised=%d\n", recognise(object));
  std::printf("caught outside=%d inside=%d,%d\n", thrown(), guarded(4), guarded(60));
  std::printf("same pointer=%d,%d\n", pointer() == &compute, pointer() == remembered);
  std::printf("hidden=%d\n", step());
  std::printf("text=%s\n", text());
  std::printf("end\n");
  std::fflush(stdout);
}

}  // namespace

int main(int, char** arguments) {
  Worker worker;
  report(worker);
  survey(arguments[1]);
  char line[4096];
  while (std::fgets(line, sizeof line, stdin)) {
    line[std::string(line).find('\n')] = '\0';
    apply(line);
    report(worker);
  }
}

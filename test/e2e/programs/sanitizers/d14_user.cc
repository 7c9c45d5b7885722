#include <stdlib.h>

#include <chrono>
#include <memory>
#include <thread>

#include "d14.h"
#include "report.h"

static std::unique_ptr<D14Shape> shape;
static std::vector<int> list;
static std::thread worker;
static std::atomic<bool> stop{false};

void start_d14() {
  shape = std::make_unique<D14Square>();
  list = {1, 2, 3};
  worker = std::thread([] {
    while (!stop) {
      d14_work();
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  });
}

void run_d14(long) {
  const D14View view = d14_step(*shape, list);
  report("D14.version", "%d", view.version);
  report_counted("D14.global", view.global);
  report_counted("D14.file_static", view.file_static);
  report("D14.area", "%d", view.area);
  report("D14.caught", "%s", view.caught.c_str());
  report("D14.added", "%ld", view.added);
  if (!d14_finished()) return;
  stop = true;
  worker.join();
  exit(0);
}

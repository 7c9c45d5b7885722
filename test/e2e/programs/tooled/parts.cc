// Calls the parts. No test edits this file.
#include "report.h"

int own(int x);
int own_count();
int number();
int first(int x);
int first_count();
int second(int x);
int shared(int x);
int shared_count();
extern "C" int plain(int x);
extern "C" int plain_count(void);
extern "C" int external(int x);

void start_parts() {}

void run_parts(long) {
  report("own", "%d", own(1));
  report_counted("own.count", own_count());
  report("number", "%d", number());
  report("first", "%d", first(1));
  report_counted("first.count", first_count());
  report("second", "%d", second(1));
  report("shared", "%d", shared(1));
  report_counted("shared.count", shared_count());
  report("plain", "%d", plain(1));
  report_counted("plain.count", plain_count());
#ifdef TOOLED_EXTERNAL
  report("external", "%d", external(1));
#endif
}

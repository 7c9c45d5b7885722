/* A test program's parts twice: in the executable, and in a library that it loads. */
#pragma once

/* Of each module's own. */
void start_module_parts();
void run_module_parts();

/* What the library is given to report with, as in report.h; report() with its text. */
struct plugin_sink {
  void (*report)(const char *name, const char *text);
  void (*report_counted)(const char *name, long value);
  void (*report_address)(const char *name, const volatile void *address);
};

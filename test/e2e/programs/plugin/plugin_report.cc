// The library: report.h as its parts know it.
#include "plugin.h"
#include "report.h"

#include <stdarg.h>
#include <stdio.h>

static const plugin_sink *sink;

void report(const char *name, const char *format, ...) {
  char text[160];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  sink->report(name, text);
}

void report_counted(const char *name, long value) { sink->report_counted(name, value); }

void report_address(const char *name, const volatile void *address) { sink->report_address(name, address); }

extern "C" void start_plugin(const plugin_sink *given) {
  sink = given;
  start_module_parts();
}

extern "C" void run_plugin() { run_module_parts(); }

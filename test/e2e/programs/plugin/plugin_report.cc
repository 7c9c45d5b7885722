// The library: report() as its parts know it.
#include "plugin.h"
#include "report.h"

#include <stdarg.h>
#include <stdio.h>

static plugin_sink *sink;

void report(const char *name, const char *format, ...) {
  char text[160];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  sink(name, text);
}

extern "C" void start_plugin(plugin_sink *given) {
  sink = given;
  start_module_parts();
}

extern "C" void run_plugin() { run_module_parts(); }

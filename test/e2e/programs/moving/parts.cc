// Calls the parts, one for each row. No test edits this file.
#include <dlfcn.h>
#include <stdlib.h>

#include "report.h"

int d2(int x);
int d2_static(int x);
int d3(int x);
int d3_other(int x);
int d3_flags();
int d3_moved_count();
int d4();
int d4_source();
int d4_configured();
int d6(int x);
int d6_other(int x);
int d11_object(int x);
int d11_object_count();
extern "C" int d11_object_c(int x);
extern "C" int d11_object_c_count(void);
int d11_twice(int x);
int d16(int x);
int d16_both_1();
int d16_both_2();
int plugin_first(int x);

static void *plugin;

static int call_plugin(const char *name, int x) {
  void *symbol = dlsym(plugin, name);
  if (!symbol) abort();
  return reinterpret_cast<int (*)(int)>(symbol)(x);
}

void start_parts() {
  plugin = dlopen(PLUGIN, RTLD_NOW);
  if (!plugin) abort();
}

void run_parts(long) {
  report("D2", "%d", d2(1));
  report("D2.static", "%d", d2_static(1));
  report("D2.glob", "%d", plugin_first(1));
  report("D3", "%d", d3(1));
  report("D3.moved", "%d", d3_other(1));
  report_counted("D3.moved.count", d3_moved_count());
  report("D3.flags", "%d", d3_flags());
  report("D4.header", "%d", d4());
  report("D4.source", "%d", d4_source());
  report("D4.configured", "%d", d4_configured());
  report("D6", "%d", d6(1));
  report("D6.other", "%d", d6_other(1));
  report("D11.object", "%d", d11_object(1));
  report_counted("D11.object.count", d11_object_count());
  report("D11.object.c", "%d", d11_object_c(1));
  report_counted("D11.object.c_count", d11_object_c_count());
  report("D11.plugin", "%d", call_plugin("d11_plugin", 1));
  report_counted("D11.plugin.count", call_plugin("d11_plugin_count", 0));
  report("D11.plugin.c", "%d", call_plugin("d11_plugin_c", 1));
  report_counted("D11.plugin.c_count", call_plugin("d11_plugin_c_count", 0));
  int here = d11_twice(1), there = call_plugin("d11_plugin_twice", 2);
  report("D11.twice.here", "%d", here % 100);
  report_counted("D11.twice.here.count", here / 100);
  report("D11.twice.there", "%d", there % 100);
  report("D11.twice.there.count", "%d", there / 100 % 2);
  report("D16", "%d", d16(1));
  report("D16.both", "%d %d", d16_both_1(), d16_both_2());
}

#include <string>

static const std::string &name() {
  static const std::string name = "one";
  return name;
}

extern "C" const char *plugin_begun() { return name().c_str(); }

extern "C" int plugin_value(int x) { return x + 10; }

extern "C" int plugin_calls() {
  static int calls = 100;
  return ++calls;
}

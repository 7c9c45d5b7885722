#include <vector>

int d11_twice(int x);

static std::vector<int> seen;

extern "C" int d11_plugin(int x) {
  seen.push_back(x);
  return x + 50;
}

extern "C" int d11_plugin_count() { return int(seen.size()); }

extern "C" int d11_plugin_twice(int x) { return d11_twice(x); }

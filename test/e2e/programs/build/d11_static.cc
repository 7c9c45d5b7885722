#include <vector>

static std::vector<int> seen;

int d11_static(int x) {
  seen.push_back(x);
  return x + 20;
}

int d11_static_count() { return int(seen.size()); }

#include <vector>

static std::vector<int> seen;

int d11_executable(int x) {
  seen.push_back(x);
  return x + 10;
}

int d11_executable_count() { return int(seen.size()); }

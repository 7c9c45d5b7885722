#include <vector>

static std::vector<int> seen;

int d11_shared(int x) {
  seen.push_back(x);
  return x + 30;
}

int d11_shared_count() { return int(seen.size()); }

#include "heavy.h"

static std::vector<int> own_seen;

static int own_scaled(int x) { return x * 10; }

int own(int x) {
  own_seen.push_back(x);
  return own_scaled(heavy(x));
}

int own_count() { return int(own_seen.size()); }

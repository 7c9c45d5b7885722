int d6_later(int x);

int d6(int x) { return x + 60; }

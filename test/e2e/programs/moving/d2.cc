int d2(int x) { return x + 20; }

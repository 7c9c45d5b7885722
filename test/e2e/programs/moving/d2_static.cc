int d2_static(int x) { return x + 25; }

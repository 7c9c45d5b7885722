int d7_other(int x) { return x + 1; }

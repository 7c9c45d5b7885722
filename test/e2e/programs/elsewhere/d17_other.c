int d17_other(int x) { return x + 5; }

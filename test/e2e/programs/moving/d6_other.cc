int d6_other(int x) { return x + 65; }

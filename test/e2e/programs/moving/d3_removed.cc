int d3_removed(int x) { return x + 30; }

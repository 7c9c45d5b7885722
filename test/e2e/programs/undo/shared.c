int e9_shared(int x) { return x + 7; }

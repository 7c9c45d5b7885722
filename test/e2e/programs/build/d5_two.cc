int d5_two(int x) { return x + 20; }

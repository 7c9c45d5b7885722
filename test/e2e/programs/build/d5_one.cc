int d5_one(int x) { return x + 10; }

int value(int x) { return x + 1; }

int other(int x) { return x + 5; }

static int count = 10;

int step(int x) { return x + 1; }

int steps(void) { return count++; }

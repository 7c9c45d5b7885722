int first(int x) { return x * 3 + 1; }

int second(int x) { return x * 3 + 1; }

int third(int x) { return x * 5 - 2; }

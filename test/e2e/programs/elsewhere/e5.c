static int count = 50;

int e5_count(void) { return ++count; }

int e5_value(int x) { return x + 1; }

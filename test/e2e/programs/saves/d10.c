static int count = 100;

int d10_count(void) { return ++count; }

int d10_value(int x) { return x + 1; }

static int count = 70;

int d7_count(void) { return ++count; }

int d7_value(int x) { return x + 1; }

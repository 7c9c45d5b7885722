static int count = 20;

int e4_count(void) { return ++count; }

int e4_value(int x) { return x + 1; }

int e4_other(int x) { return x + 5; }

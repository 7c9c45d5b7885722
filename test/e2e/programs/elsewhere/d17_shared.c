static int count = 40;

int d17_shared_count(void) { return ++count; }

int d17_shared(int x) { return x + 1; }

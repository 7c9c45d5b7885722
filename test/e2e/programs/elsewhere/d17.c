static int count = 30;

int d17_count(void) { return ++count; }

int d17_value(int x) { return x + 1; }

int d17_hidden(int x) { return x + HIDDEN; }

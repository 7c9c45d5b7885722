static int count = 20;

int plugs_count(void) { return ++count; }

int plugs_value(int x) { return x + 1; }

int plugs_other(int x) { return x + 5; }

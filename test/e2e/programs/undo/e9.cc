static int count = 30;

/* place for new things */

extern "C" int e9_count(void) { return ++count; }

extern "C" int e9_value(int x) {
  static int calls = 0;
  ++calls;
  return x + 1;
}

extern "C" int e9_other(int x) { return x + 5; }

extern "C" int e9_new(void) { return 0; }

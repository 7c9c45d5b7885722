const char *other_begun(void) { return "one"; }

int other_value(int x) { return x + 20; }

int other_calls(void) {
  static int calls = 200;
  return ++calls;
}

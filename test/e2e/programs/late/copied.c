const char *copied_begun(void) { return "one"; }

int copied_value(int x) { return x + 30; }

int copied_calls(void) {
  static int calls = 300;
  return ++calls;
}

long b9_c_count(void) {
  static long count = 500;
  return ++count;
}

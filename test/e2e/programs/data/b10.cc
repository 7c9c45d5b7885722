long b10_cxx_count(int which) {
  if (which == 1) {
    static long n = 1000;
    return ++n;
  } else {
    static long n = 2000;
    return n += 1;
  }
}

int b10_cxx_version() { return 1; }

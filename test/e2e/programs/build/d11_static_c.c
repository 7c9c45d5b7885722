static int calls = 200;

int d11_static_c(int x) {
  calls += 1;
  return x + 25;
}

int d11_static_c_count(void) { return calls; }

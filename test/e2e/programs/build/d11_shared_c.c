static int calls = 300;

int d11_shared_c(int x) {
  calls += 1;
  return x + 35;
}

int d11_shared_c_count(void) { return calls; }

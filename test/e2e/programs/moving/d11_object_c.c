static int calls = 400;

int d11_object_c(int x) {
  calls += 1;
  return x + 45;
}

int d11_object_c_count(void) { return calls; }

static int calls = 100;

int d11_executable_c(int x) {
  calls += 1;
  return x + 15;
}

int d11_executable_c_count(void) { return calls; }

static int calls = 500;

int d11_plugin_c(int x) {
  calls += 1;
  return x + 55;
}

int d11_plugin_c_count(void) { return calls; }

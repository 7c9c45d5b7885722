int a1_c(int x) { return x + 3; }

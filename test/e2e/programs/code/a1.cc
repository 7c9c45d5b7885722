int a1_free(int x) { return x + 1; }

extern "C" int a1_extern(int x) { return x + 2; }

int a1_same_file(int x) { return a1_free(x) * 10; }

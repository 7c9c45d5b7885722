static int calls = 600;

static int scaled(int x) { return x * 1; }

/* Each module has a copy of its own, with its own count. */
int d11_twice(int x) {
  calls += x;
  return calls * 100 + scaled(60);
}

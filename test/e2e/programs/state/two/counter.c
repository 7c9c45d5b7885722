static int count = 5000;

static int step(void) {
  static int inner = 50;
  inner += 1;
  count += 1;
  return inner;
}

int b2_two(int *counted, int *stepped) {
  *stepped = step();
  *counted = count;
  return 2;
}

static int count = 1000;

static int step(void) {
  static int inner = 10;
  inner += 1;
  count += 1;
  return inner;
}

int b2_one(int *counted, int *stepped) {
  *stepped = step();
  *counted = count;
  return 1;
}

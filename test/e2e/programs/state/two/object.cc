namespace {
struct State {
  int value = 200;
  int next() { return value += 1; }
};
State state;
}  // namespace

static int last;

int b2_object_two(int *value) {
  *value = state.next();
  last += 1;
  return 4 + (last > 0 ? 0 : 1);
}

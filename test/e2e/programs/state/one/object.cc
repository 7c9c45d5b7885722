namespace {
struct State {
  int value = 100;
  int next() { return value += 1; }
};
State state;
}  // namespace

static int last;

int b2_object_one(int *value) {
  *value = state.next();
  last += 1;
  return 3 + (last > 0 ? 0 : 1);
}

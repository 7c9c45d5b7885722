static int calls = 300;

int d3_moved(int x) {
  calls += 1;
  return x + 35;
}

int d3_moved_count() { return calls; }

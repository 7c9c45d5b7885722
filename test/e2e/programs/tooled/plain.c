static int plain_calls = 90;

int plain(int x) {
  plain_calls += 1;
  return x + 60;
}

int plain_count(void) { return plain_calls; }

int a18_helper(int x) { return x + 1; }

static int a18_hidden(int x) { return x + 2; }

int a18_calls(int x) { return a18_helper(x) * 100 + a18_hidden(x); }

int (*a18_take())(int) { return &a18_helper; }

int (*a18_take_hidden())(int) { return &a18_hidden; }

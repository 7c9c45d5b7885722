// Compiled with -fvisibility=hidden.
int a23_hidden_file(int x) { return x + 5; }

inline int a23_hidden_inline(int x) { return x + 6; }

int (*a23_take())(int) { return &a23_hidden_inline; }

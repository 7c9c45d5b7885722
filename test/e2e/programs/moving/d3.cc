int d3_removed(int x);
int d3_moved(int x);

#ifndef D3
#define D3 3
#endif
#ifndef D3_MORE
#define D3_MORE 0
#endif

int d3_flags() { return D3 + D3_MORE; }

int d3(int x) { return d3_removed(x) + 1; }

int d3_other(int x) { return d3_moved(x); }

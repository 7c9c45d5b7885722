/* A function compiled without room for a redirection. */
int plain(int x);

__attribute__((noinline)) int plain(int x) {
  __asm__ volatile("");
  return x + 1;
}

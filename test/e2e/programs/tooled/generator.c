#include <stdio.h>

int main(int count, char **arguments) {
  int number = 0;
  FILE *in = count == 3 ? fopen(arguments[1], "r") : NULL;
  if (!in || fscanf(in, "%d", &number) != 1) return 1;
  FILE *out = fopen(arguments[2], "w");
  if (!out) return 1;
  fprintf(out, "#define NUMBER (%d + 0)\n", number);
  return fclose(out);
}

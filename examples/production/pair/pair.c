// Two functions that only fit together: what one writes the other reads.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void seal(char *text, size_t size) {
  for (size_t i = 0; i < size; i++)
    text[i] = (char)(text[i] + 1);
}

void unseal(char *text, size_t size) {
  for (size_t i = 0; i < size; i++)
    text[i] = (char)(text[i] - 1);
}

int main(int count, char **arguments) {
  useconds_t pause = (useconds_t)(count > 1 ? atoi(arguments[1]) : 500) * 1000;
  for (unsigned long round = 0;; round++) {
    char text[] = "meet me at noon";
    const size_t size = sizeof text - 1;
    seal(text, size);
    char sealed[sizeof text];
    memcpy(sealed, text, sizeof text);
    unseal(text, size);
    printf("%lu %s %s\n", round, sealed, strcmp(text, "meet me at noon") == 0 ? "ok" : "BROKEN");
    fflush(stdout);
    usleep(pause);
  }
}

// Adding one is no secret. Both sides change in one patch, at one moment.
#include <stddef.h>

static const char key[] = "swordfish";

static void mix(char *text, size_t size) {
  for (size_t i = 0; i < size; i++)
    text[i] = (char)(text[i] ^ (key[i % (sizeof key - 1)] & 15));
}

void seal(char *text, size_t size) {
  mix(text, size);
}

void unseal(char *text, size_t size) {
  mix(text, size);
}

// The page says what it is.
#include <stdio.h>

int page(char *to, size_t room, unsigned long number) {
  return snprintf(to, room, "<p>new page, request %lu</p>", number);
}

/* A whole small file in memory, read without the stdio of the host. */
#include "file.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

ssize_t hotreload_file_read(int descriptor, size_t limit, char **bytes) {
  size_t capacity = 4096, length = 0;
  char *data = malloc(capacity);
  while (data) {
    ssize_t got = read(descriptor, data + length, capacity - length - 1);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      break;
    if (got == 0) {
      data[length] = '\0';
      *bytes = data;
      return (ssize_t)length;
    }
    length += (size_t)got;
    if (length > limit) {
      errno = EFBIG;
      break;
    }
    if (capacity - length < 2) {
      char *larger = realloc(data, capacity * 2);
      if (!larger)
        break;
      data = larger;
      capacity *= 2;
    }
  }
  int reason = errno;
  free(data);
  errno = reason;
  return -1;
}

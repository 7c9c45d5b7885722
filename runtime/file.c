/* Files: whether one is to be trusted, and a whole small one in memory, read without the stdio of the host. */
#include "file.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
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

bool hotreload_file_trusted(int descriptor, mode_t type) {
  struct stat status;
  return fstat(descriptor, &status) == 0 && (status.st_mode & S_IFMT) == type && status.st_uid == geteuid() &&
         (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* A whole small file in memory, read without the stdio of the host. */
#ifndef HOTRELOAD_FILE_H
#define HOTRELOAD_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* Reads from the descriptor to the end, at most `limit` bytes, and appends a NUL that is not counted.
 * Returns the length, or -1 with errno set (EFBIG if there is more than `limit`). The caller owns `*bytes`. */
ssize_t hotreload_file_read(int descriptor, size_t limit, char **bytes);

#endif

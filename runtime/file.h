/* Files: whether one is to be trusted, and a whole small one in memory, read without the stdio of the host. */
#ifndef HOTRELOAD_FILE_H
#define HOTRELOAD_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Reads from the descriptor to the end, at most `limit` bytes, and appends a NUL that is not counted.
 * Returns the length, or -1 with errno set (EFBIG if there is more than `limit`). The caller owns `*bytes`. */
ssize_t hotreload_file_read(int descriptor, size_t limit, char **bytes);

/* True if the open file has the type, is the effective user's own, and nobody else can write it. */
bool hotreload_file_trusted(int descriptor, mode_t type);

#endif

/* Blocks of memory that outlive their process: hotreload_state of hotreload.h. */
#ifndef HOTRELOAD_STATE_H
#define HOTRELOAD_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A directory of the effective user's own, which the dev server gives to the program that it starts. */
#define HOTRELOAD_STATE_VARIABLE "HOTRELOAD_STATE"

#define HOTRELOAD_LONGEST_KEY 63

/* What the server is told of a block. */
struct hotreload_state_news {
  char key[HOTRELOAD_LONGEST_KEY + 1];
  uint64_t size;
  uint64_t left; /* bytes that the process before left under the key; the block has them if that is its size */
};

/* The block of this key; NULL if the key is none, it was asked for with another size, or there is no memory. */
void *hotreload_state_find(const char *key, size_t size);

/* True if there is a block that the process before had left in one size or another, and it was not asked for here yet. */
bool hotreload_state_has_news(void);
bool hotreload_state_take_news(struct hotreload_state_news *news);

/* Around a fork: the child has the blocks as they were, and they are its own. */
void hotreload_state_before_fork(void);
void hotreload_state_after_fork(bool is_child);

#endif

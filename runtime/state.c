/* Blocks of memory that outlive their process: a restart by the dev server hands them to the next one.
 *
 * A block is a file in the directory that the dev server names, mapped shared: it is as it was when the process ended,
 * however it ended. One process at a time has it, by a lock that a child does not inherit (fcntl). Whoever comes second,
 * or was started without such a directory, has a block that ends with the process.
 */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

struct block {
  struct block *next;
  struct hotreload_state_news news;
  void *memory;
  void *copy;     /* during a fork */
  int descriptor; /* has the lock; -1 if the block ends with the process */
  bool is_told;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct block *blocks; /* never freed: the program keeps pointers to them */
static atomic_bool has_news;

/* It becomes the name of a file. */
static bool key_check(const char *key) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
  size_t length = key ? strlen(key) : 0;
  return length > 0 && length <= HOTRELOAD_LONGEST_KEY && key[0] != '.' && strspn(key, letters) == length;
}

/* The file of the block, locked; -1 if there is none for this process. */
static int file_open(const char *key) {
  const char *directory = secure_getenv(HOTRELOAD_STATE_VARIABLE);
  int folder = directory ? open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
  if (folder < 0)
    return -1;
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  int descriptor = -1;
  if (hotreload_file_trusted(folder, S_IFDIR))
    descriptor = openat(folder, key, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
  close(folder);
  if (descriptor < 0)
    return -1;
  if (hotreload_file_trusted(descriptor, S_IFREG) && fcntl(descriptor, F_SETLK, &whole) == 0)
    return descriptor;
  close(descriptor);
  return -1;
}

/* Gives the file its size and maps it. What it holds stays if that was its size, else it is zero. */
static void *file_map(int descriptor, struct hotreload_state_news *news) {
  struct stat status;
  if (fstat(descriptor, &status) != 0)
    return MAP_FAILED;
  news->left = (uint64_t)status.st_size;
  if (news->left != news->size && ftruncate(descriptor, 0) != 0)
    return MAP_FAILED;
  /* Not ftruncate: writing to a hole on a full disk would end the process. */
  if (posix_fallocate(descriptor, 0, (off_t)news->size) != 0)
    return MAP_FAILED;
  return mmap(NULL, news->size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
}

static void *anonymous_map(size_t size) {
  return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static bool block_map(struct block *block) {
  block->memory = MAP_FAILED;
  block->descriptor = file_open(block->news.key);
  if (block->descriptor >= 0) {
    block->memory = file_map(block->descriptor, &block->news);
    if (block->memory == MAP_FAILED) {
      close(block->descriptor);
      block->descriptor = -1;
    }
  }
  if (block->memory == MAP_FAILED)
    block->memory = anonymous_map(block->news.size);
  return block->memory != MAP_FAILED;
}

static struct block *block_find(const char *key) {
  for (struct block *block = blocks; block; block = block->next)
    if (strcmp(block->news.key, key) == 0)
      return block;
  return NULL;
}

static struct block *block_new(const char *key, size_t size) {
  struct block *block = calloc(1, sizeof *block);
  if (!block)
    return NULL;
  strcpy(block->news.key, key);
  block->news.size = size;
  if (!block_map(block)) {
    free(block);
    return NULL;
  }
  block->next = blocks;
  blocks = block;
  block->is_told = block->news.left == 0;
  if (!block->is_told)
    atomic_store(&has_news, true);
  return block;
}

void *hotreload_state_find(const char *key, size_t size) {
  if (!key_check(key) || size == 0 || size > PTRDIFF_MAX)
    return NULL;
  pthread_mutex_lock(&lock);
  struct block *block = block_find(key);
  if (!block)
    block = block_new(key, size);
  void *memory = block && block->news.size == size ? block->memory : NULL;
  pthread_mutex_unlock(&lock);
  return memory;
}

bool hotreload_state_has_news(void) {
  return atomic_load(&has_news);
}

bool hotreload_state_take_news(struct hotreload_state_news *news) {
  bool found = false;
  pthread_mutex_lock(&lock);
  for (struct block *block = blocks; block && !found; block = block->next) {
    found = !block->is_told;
    block->is_told = true;
    if (found)
      *news = block->news;
  }
  if (!found)
    atomic_store(&has_news, false);
  pthread_mutex_unlock(&lock);
  return found;
}

void hotreload_state_before_fork(void) {
  pthread_mutex_lock(&lock);
  for (struct block *block = blocks; block; block = block->next) {
    if (block->descriptor < 0)
      continue;
    block->copy = anonymous_map(block->news.size);
    if (block->copy != MAP_FAILED)
      memcpy(block->copy, block->memory, block->news.size);
  }
}

/* Puts the copy in the place of what the parent goes on with. */
static void block_part(struct block *block) {
  size_t size = block->news.size;
  if (block->copy != MAP_FAILED)
    mremap(block->copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, block->memory);
  else /* no memory for a copy: it may still see what the parent writes, but the parent sees nothing of it */
    mmap(block->memory, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, block->descriptor, 0);
  close(block->descriptor);
  block->descriptor = -1;
}

void hotreload_state_after_fork(bool is_child) {
  for (struct block *block = blocks; block; block = block->next) {
    if (block->descriptor < 0)
      continue;
    if (is_child)
      block_part(block);
    else if (block->copy != MAP_FAILED)
      munmap(block->copy, block->news.size);
  }
  pthread_mutex_unlock(&lock);
}

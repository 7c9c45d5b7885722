/* The mappings of this process, as /proc/self/maps lists them (proc_pid_maps(5)). */
#include "maps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "file.h"

/* 65,530 mappings (vm.max_map_count) of 200 bytes are 13 MiB; some systems allow four times as many. */
#define LARGEST_LIST (256u << 20)

/* Not /proc/self: that is the first thread's, and empty once this thread called pthread_exit. */
#define LIST "/proc/thread-self/maps"

#define MOST "/proc/sys/vm/max_map_count"
#define MOST_DEFAULT 65530
#define HOST_PART 16 /* one in so many is left for the host */

static bool maps_slurp(struct hotreload_maps *maps, size_t *length, struct hotreload_error *error) {
  int descriptor = open(LIST, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    return hotreload_error_set(error, E_AGENT_PROC, LIST ": errno %d", errno);
  ssize_t got = hotreload_file_read(descriptor, LARGEST_LIST, &maps->text);
  int reason = errno;
  close(descriptor);
  if (got < 0)
    return hotreload_error_set(error, E_AGENT_PROC, LIST ": errno %d", reason);
  *length = (size_t)got;
  return true;
}

static uint64_t number_read(char **at) {
  uint64_t number = 0;
  for (;; ++*at) {
    char c = **at;
    if (c >= '0' && c <= '9')
      number = number << 4 | (uint64_t)(c - '0');
    else if (c >= 'a' && c <= 'f')
      number = number << 4 | (uint64_t)(c - 'a' + 10);
    else
      return number;
  }
}

/* "start-end rwxp offset device inode      name", the name ended by NUL. */
static struct hotreload_mapping mapping_parse(char *line) {
  struct hotreload_mapping mapping = {0};
  mapping.start = number_read(&line);
  line += *line == '-';
  mapping.end = number_read(&line);
  line += *line == ' ';
  for (; *line && *line != ' '; line++) {
    mapping.protection |= *line == 'r' ? PROT_READ : 0;
    mapping.protection |= *line == 'w' ? PROT_WRITE : 0;
    mapping.protection |= *line == 'x' ? PROT_EXEC : 0;
  }
  for (int field = 0; field < 3; field++) { /* offset, device, inode */
    line += *line == ' ';
    while (*line && *line != ' ')
      line++;
  }
  while (*line == ' ')
    line++;
  mapping.name = line;
  return mapping;
}

bool hotreload_maps_read(struct hotreload_maps *maps, struct hotreload_error *error) {
  size_t length = 0, lines = 0;
  *maps = (struct hotreload_maps){0};
  if (!maps_slurp(maps, &length, error))
    return false;
  for (size_t i = 0; i < length; i++)
    lines += maps->text[i] == '\n';
  maps->items = calloc(lines + 1, sizeof *maps->items);
  if (!maps->items) {
    hotreload_maps_free(maps);
    return hotreload_error_set(error, E_AGENT_MEMORY, "for the list of %zu mappings", lines);
  }
  char *line = maps->text, *limit = maps->text + length;
  for (char *end; (end = memchr(line, '\n', (size_t)(limit - line))); line = end + 1) {
    *end = '\0';
    maps->items[maps->count++] = mapping_parse(line);
  }
  return true;
}

const struct hotreload_mapping *hotreload_maps_at(const struct hotreload_maps *maps, uint64_t address) {
  size_t low = 0, high = maps->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    const struct hotreload_mapping *mapping = &maps->items[middle];
    if (address < mapping->start)
      high = middle;
    else if (address >= mapping->end)
      low = middle + 1;
    else
      return mapping;
  }
  return NULL;
}

static size_t most_mappings(void) {
  char *text = NULL;
  int descriptor = open(MOST, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    return MOST_DEFAULT;
  ssize_t length = hotreload_file_read(descriptor, 64, &text);
  close(descriptor);
  size_t most = length > 0 ? strtoul(text, NULL, 10) : 0;
  free(text);
  return most ? most : MOST_DEFAULT;
}

bool hotreload_maps_have_room(const struct hotreload_maps *maps) {
  size_t most = most_mappings();
  return maps->count < most - most / HOST_PART;
}

void hotreload_maps_free(struct hotreload_maps *maps) {
  free(maps->items);
  free(maps->text);
  *maps = (struct hotreload_maps){0};
}

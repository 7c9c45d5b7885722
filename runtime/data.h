/* Data of the program that gets other contents while threads read it: checked, made writable, written, put back. */
#ifndef HOTRELOAD_DATA_H
#define HOTRELOAD_DATA_H

#include <stddef.h>
#include <stdint.h>

#include "errors.h"
#include "maps.h"
#include "patch.h"
#include "segments.h"

struct hotreload_data_item {
  const struct hotreload_write *write;
  int protection; /* of its pages, before */
  char *saved;    /* gets the contents that it had, unless NULL; room for all of them */
  bool kept;      /* it had not the bytes that were expected, and was left alone */
};

/* All zero is no data. */
struct hotreload_data {
  struct hotreload_data_item *items;
  size_t count;
};

/* Checks that each item lies in data of a loaded module. Nothing is written. No lock, no memory.
 * Errors: E_AGENT_DATA. */
bool hotreload_data_plan(struct hotreload_data *data, const struct hotreload_segments *segments,
                         const struct hotreload_maps *maps, struct hotreload_error *error);

/* Makes the pages of planned items writable; on failure they are as they were. Errors: E_AGENT_PROTECT. */
bool hotreload_data_open(const struct hotreload_data *data, struct hotreload_error *error);

/* Writes the items, or notes that one is kept. An item of up to eight bytes that is aligned to its size is compared and
 * written at one instant. A larger one is compared first and then written in aligned pieces of up to eight bytes, each
 * at one instant: a thread that reads it meanwhile can see some pieces old and some new, and a piece that a thread
 * changes meanwhile stays as that thread left it. */
void hotreload_data_store(struct hotreload_data *data);

/* Gives the pages the protection that they had. */
void hotreload_data_close(const struct hotreload_data *data);

#endif

/* What the tables of a patch ask for, those of all its libraries in one list each. */
#ifndef HOTRELOAD_DEMANDS_H
#define HOTRELOAD_DEMANDS_H

#include <stddef.h>
#include <stdint.h>

#include "data.h"
#include "errors.h"
#include "process.h"

/* All zero asks for nothing. */
struct hotreload_demands {
  struct hotreload_redirect *redirects;
  size_t redirect_count;
  struct hotreload_data data; /* in the order of the libraries and their tables */
  struct hotreload_write *back;
  uint32_t call_count;
};

/* What applying the patch asks for. Whatever the result, the caller frees the demands, and before the patch's libraries.
 * Errors: E_AGENT_MEMORY. */
bool hotreload_demands_gather(const struct hotreload_applied *patch, struct hotreload_demands *demands,
                              struct hotreload_error *error);

/* What undoing it asks for, but that each function is sent to its own code: the data that it wrote gets its old contents
 * back, where it still has the new ones. Errors: the same. */
bool hotreload_demands_gather_back(const struct hotreload_applied *patch, struct hotreload_demands *demands,
                                   struct hotreload_error *error);

/* Keeps in the patch which of its data was left alone. */
void hotreload_demands_note(const struct hotreload_demands *demands, struct hotreload_applied *patch);

void hotreload_demands_free(struct hotreload_demands *demands);

#endif

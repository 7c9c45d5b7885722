/* Arrays that grow. */
#ifndef HOTRELOAD_ARRAY_H
#define HOTRELOAD_ARRAY_H

#include <stdbool.h>
#include <stddef.h>

/* Makes room for at least `needed` items of `size` bytes. `items` is the address of the array's pointer. Returns false
 * if memory ran out; the array is then as it was. */
bool hotreload_array_reserve(void *items, size_t *capacity, size_t needed, size_t size);

#endif

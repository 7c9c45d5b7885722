/* Arrays that grow. */
#include "array.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

bool hotreload_array_reserve(void *items, size_t *capacity, size_t needed, size_t size) {
  if (needed <= *capacity)
    return true;
  size_t larger = *capacity ? *capacity : 16;
  while (larger < needed) {
    if (larger > SIZE_MAX / 2 / size)
      return false;
    larger *= 2;
  }
  /* The pointer's own type is not known here: copied as bytes. */
  void *array;
  memcpy(&array, items, sizeof array);
  array = realloc(array, larger * size);
  if (!array)
    return false;
  memcpy(items, &array, sizeof array);
  *capacity = larger;
  return true;
}

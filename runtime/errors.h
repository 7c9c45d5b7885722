/* Errors as values: a code from errors.def and a sentence about the case at hand. */
#ifndef HOTRELOAD_ERRORS_H
#define HOTRELOAD_ERRORS_H

#include <stdbool.h>

enum hotreload_code {
  HOTRELOAD_NO_ERROR = 0,
#define HOTRELOAD_ERROR(code, sentence) code,
#include "errors.def"
#undef HOTRELOAD_ERROR
};

struct hotreload_error {
  enum hotreload_code code;
  char message[512]; /* ends with NUL; cut off if longer; any bytes, not necessarily UTF-8 */
};

/* The code's name, e.g. "E_AGENT_RANGE". Static storage. */
const char *hotreload_code_name(enum hotreload_code code);

/* Sets the code and "sentence: case at hand". Always returns false, so that a function can return it. */
bool hotreload_error_set(struct hotreload_error *error, enum hotreload_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

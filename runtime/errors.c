/* Errors as values: a code from errors.def and a sentence about the case at hand. */
#include "errors.h"

#include <stdarg.h>
#include <stdio.h>

struct description {
  const char *name;
  const char *sentence;
};

static const struct description descriptions[] = {
    [HOTRELOAD_NO_ERROR] = {"", ""},
#define HOTRELOAD_ERROR(code, sentence) [code] = {#code, sentence},
#include "errors.def"
#undef HOTRELOAD_ERROR
};

const char *hotreload_code_name(enum hotreload_code code) {
  return descriptions[code].name;
}

bool hotreload_error_set(struct hotreload_error *error, enum hotreload_code code, const char *format, ...) {
  error->code = code;
  int used = snprintf(error->message, sizeof error->message, "%s: ", descriptions[code].sentence);
  if (used < 0 || (size_t)used >= sizeof error->message)
    return false;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(error->message + used, sizeof error->message - (size_t)used, format, arguments);
  va_end(arguments);
  return false;
}

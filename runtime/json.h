/* One JSON object, its fields read by name: what the wire and the session file need, and no more (RFC 8259). */
#ifndef HOTRELOAD_JSON_H
#define HOTRELOAD_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Refers to the text that it was parsed from, which must stay. */
struct hotreload_json {
  const char *text;
  void *tokens;
  size_t token_count;
};

/* Parses a text that is one object and nothing else, of at most some thousand values, nested as deep as they like.
 * Returns NULL, or what is wrong with it (static storage). On success the caller frees it. */
const char *hotreload_json_parse(struct hotreload_json *json, const char *text, size_t length);

/* NULL if each key is one of the names (a list that ends with NULL) and none comes twice, or else what is wrong. */
const char *hotreload_json_check_keys(const struct hotreload_json *json, const char *const *names);

/* True if there is such a field, of whatever kind. */
bool hotreload_json_has(const struct hotreload_json *json, const char *name);

/* Reads a whole number from 0 to 2^53 - 1, written with digits only. False if there is no such field. */
bool hotreload_json_integer(const struct hotreload_json *json, const char *name, uint64_t *value);

/* Reads a string without U+0000; the caller owns the copy. NULL if there is no such field, or no memory. */
char *hotreload_json_string(const struct hotreload_json *json, const char *name);

/* Reads an array of strings, as above. NULL if there is none; else an array of `*count` strings that the caller
 * frees with hotreload_json_strings_free. */
char **hotreload_json_strings(const struct hotreload_json *json, const char *name, size_t *count);

void hotreload_json_strings_free(char **strings, size_t count);

void hotreload_json_free(struct hotreload_json *json);

#endif

/* A growing text, with what is needed to write JSON into it. */
#ifndef HOTRELOAD_TEXT_H
#define HOTRELOAD_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero is an empty text. Once memory ran out, `failed` is set and the text is not to be used. */
struct hotreload_text {
  char *data; /* not ended by NUL */
  size_t length;
  size_t capacity;
  bool failed;
};

void hotreload_text_append(struct hotreload_text *text, const char *bytes, size_t length);

/* Appends a string that ends with NUL, as it is. */
void hotreload_text_literal(struct hotreload_text *text, const char *string);

/* Appends a number in decimal; the host's locale has no say in it. */
void hotreload_text_number(struct hotreload_text *text, uint64_t number);

/* Appends a JSON string. A path may hold any bytes, but a text frame must be UTF-8: what is not becomes U+FFFD. */
void hotreload_text_quote(struct hotreload_text *text, const char *string);

/* Empties the text and gives its memory back. */
void hotreload_text_free(struct hotreload_text *text);

#endif

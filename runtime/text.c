/* A growing text, with what is needed to write JSON into it. */
#include "text.h"

#include <stdlib.h>
#include <string.h>

static bool text_reserve(struct hotreload_text *text, size_t more) {
  if (text->failed)
    return false;
  if (more <= text->capacity - text->length)
    return true;
  size_t capacity = text->capacity ? text->capacity : 256;
  while (capacity - text->length < more) {
    if (capacity > SIZE_MAX / 2) {
      text->failed = true;
      return false;
    }
    capacity *= 2;
  }
  char *data = realloc(text->data, capacity);
  if (!data) {
    text->failed = true;
    return false;
  }
  text->data = data;
  text->capacity = capacity;
  return true;
}

void hotreload_text_append(struct hotreload_text *text, const char *bytes, size_t length) {
  if (length == 0 || !text_reserve(text, length))
    return;
  memcpy(text->data + text->length, bytes, length);
  text->length += length;
}

void hotreload_text_literal(struct hotreload_text *text, const char *string) {
  hotreload_text_append(text, string, strlen(string));
}

void hotreload_text_number(struct hotreload_text *text, uint64_t number) {
  char digits[20];
  size_t at = sizeof digits;
  do {
    digits[--at] = (char)('0' + number % 10);
    number /= 10;
  } while (number);
  hotreload_text_append(text, digits + at, sizeof digits - at);
}

/* Length of the UTF-8 sequence at `bytes` (RFC 3629, table 3-7 of Unicode), 0 if it is none. Ends with NUL. */
static size_t utf8_length(const unsigned char *bytes) {
  unsigned char lead = bytes[0];
  if (lead < 0x80)
    return 1;
  size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4)
    return 0;
  unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (bytes[1] < low || bytes[1] > high)
    return 0;
  for (size_t i = 2; i < length; i++)
    if (bytes[i] < 0x80 || bytes[i] > 0xbf)
      return 0;
  return length;
}

void hotreload_text_quote(struct hotreload_text *text, const char *string) {
  static const char hexadecimal[] = "0123456789abcdef";
  const unsigned char *at = (const unsigned char *)string;
  hotreload_text_literal(text, "\"");
  while (*at) {
    size_t length = utf8_length(at);
    if (length == 0) {
      hotreload_text_literal(text, "\xef\xbf\xbd");
      at++;
      continue;
    }
    if (*at == '"' || *at == '\\') {
      hotreload_text_append(text, (char[]){'\\', (char)*at}, 2);
    } else if (*at < 0x20) {
      hotreload_text_append(text, (char[]){'\\', 'u', '0', '0', hexadecimal[*at >> 4], hexadecimal[*at & 15]}, 6);
    } else {
      hotreload_text_append(text, (const char *)at, length);
    }
    at += length;
  }
  hotreload_text_literal(text, "\"");
}

void hotreload_text_free(struct hotreload_text *text) {
  free(text->data);
  *text = (struct hotreload_text){0};
}

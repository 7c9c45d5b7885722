/* One JSON object, its fields read by name: what the wire and the session file need, and no more (RFC 8259).
 *
 * jsmn (MIT licence, one header) splits the text into tokens without recursion. It lets some texts pass that are
 * not JSON, so what is read is checked here: kinds, and that each key has exactly one value.
 */
#include "json.h"

#include <stdlib.h>
#include <string.h>

#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#include <jsmn.h>

#define MOST_TOKENS 4096

const char *hotreload_json_parse(struct hotreload_json *json, const char *text, size_t length) {
  *json = (struct hotreload_json){0};
  jsmn_parser parser;
  jsmn_init(&parser);
  int count = jsmn_parse(&parser, text, length, NULL, 0);
  if (count <= 0)
    return "it is not JSON";
  if (count > MOST_TOKENS)
    return "it has too many values";
  jsmntok_t *tokens = calloc((size_t)count, sizeof *tokens);
  if (!tokens)
    return "there is not enough memory for it";
  jsmn_init(&parser);
  count = jsmn_parse(&parser, text, length, tokens, (unsigned)count);
  const char *wrong = NULL;
  if (count <= 0)
    wrong = "it is not JSON";
  else if (tokens[0].type != JSMN_OBJECT)
    wrong = "it is not an object";
  else
    for (size_t i = (size_t)tokens[0].end; i < length && !wrong; i++)
      if (!strchr(" \t\r\n", text[i]) || text[i] == '\0')
        wrong = "something follows the object";
  if (wrong) {
    free(tokens);
    return wrong;
  }
  *json = (struct hotreload_json){.text = text, .tokens = tokens, .token_count = (size_t)count};
  return NULL;
}

static bool token_is(const struct hotreload_json *json, const jsmntok_t *token, const char *name) {
  size_t length = (size_t)(token->end - token->start);
  return strlen(name) == length && memcmp(json->text + token->start, name, length) == 0;
}

const char *hotreload_json_check_keys(const struct hotreload_json *json, const char *const *names) {
  const jsmntok_t *tokens = json->tokens;
  int fields = 0;
  for (size_t i = 1; i < json->token_count; i++) {
    if (tokens[i].parent != 0)
      continue;
    if (tokens[i].type != JSMN_STRING || tokens[i].size != 1)
      return "a key has no value";
    bool known = false;
    for (const char *const *name = names; *name && !known; name++)
      known = token_is(json, &tokens[i], *name);
    if (!known)
      return "it has a field that is not known";
    fields++;
  }
  for (const char *const *name = names; *name; name++) {
    int seen = 0;
    for (size_t i = 1; i < json->token_count; i++)
      seen += tokens[i].parent == 0 && token_is(json, &tokens[i], *name);
    if (seen > 1)
      return "a field comes twice";
  }
  return fields ? NULL : "it has no field";
}

/* The value of the field, NULL if there is none. */
/* Index of the field's name, 0 if there is no such field; its value is the token behind it. */
static size_t field_find(const struct hotreload_json *json, const char *name) {
  const jsmntok_t *tokens = json->tokens;
  for (size_t i = 1; i + 1 < json->token_count; i++)
    if (tokens[i].parent == 0 && tokens[i].type == JSMN_STRING && tokens[i].size == 1 &&
        token_is(json, &tokens[i], name))
      return i;
  return 0;
}

static const jsmntok_t *value_find(const struct hotreload_json *json, const char *name, jsmntype_t type) {
  const jsmntok_t *tokens = json->tokens;
  size_t field = field_find(json, name);
  bool found = field && tokens[field + 1].type == type && tokens[field + 1].parent == (int)field;
  return found ? &tokens[field + 1] : NULL;
}

bool hotreload_json_has(const struct hotreload_json *json, const char *name) {
  return field_find(json, name) != 0;
}

bool hotreload_json_integer(const struct hotreload_json *json, const char *name, uint64_t *value) {
  const jsmntok_t *token = value_find(json, name, JSMN_PRIMITIVE);
  if (!token || token->end - token->start > 16)
    return false;
  uint64_t number = 0;
  for (int i = token->start; i < token->end; i++) {
    char digit = json->text[i];
    if (digit < '0' || digit > '9' || (i > token->start && number == 0))
      return false;
    number = number * 10 + (uint64_t)(digit - '0');
  }
  *value = number;
  return number < 1ull << 53;
}

static uint32_t unit_read(const char *hexadecimal) {
  uint32_t unit = 0;
  for (int i = 0; i < 4; i++) {
    char c = hexadecimal[i];
    unit = unit << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  return unit;
}

/* Writes the character that `\uXXXX` stands for, of which the backslash is at `*at`, as UTF-8. False for U+0000 and
 * half of a surrogate pair. */
static bool character_decode(const char **at, const char *end, char **out) {
  if (end - *at < 6)
    return false;
  uint32_t code = unit_read(*at + 2);
  *at += 6;
  if (code >= 0xd800 && code < 0xe000) {
    if (code >= 0xdc00 || end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u')
      return false;
    uint32_t low = unit_read(*at + 2);
    if (low < 0xdc00 || low >= 0xe000)
      return false;
    *at += 6;
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  }
  if (code == 0)
    return false;
  if (code < 0x80) {
    *(*out)++ = (char)code;
    return true;
  }
  int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
  *(*out)++ = (char)(lead[more] | code >> (6 * more));
  while (more-- > 0)
    *(*out)++ = (char)(0x80 | (code >> (6 * more) & 0x3f));
  return true;
}

/* The escapes were checked by jsmn: each backslash has its character, each \u its four digits. */
static char *string_decode(const struct hotreload_json *json, const jsmntok_t *token) {
  static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
  const char *at = json->text + token->start, *end = json->text + token->end;
  char *string = malloc((size_t)(end - at) + 1);
  if (!string)
    return NULL;
  char *out = string;
  while (at < end) {
    const char *name = *at == '\\' && end - at > 1 ? strchr(names, at[1]) : NULL;
    if (*at != '\\') {
      *out++ = *at++;
    } else if (name && *name) {
      *out++ = values[name - names];
      at += 2;
    } else if (!character_decode(&at, end, &out)) {
      free(string);
      return NULL;
    }
  }
  *out = '\0';
  return string;
}

char *hotreload_json_string(const struct hotreload_json *json, const char *name) {
  const jsmntok_t *token = value_find(json, name, JSMN_STRING);
  return token && token->size == 0 ? string_decode(json, token) : NULL;
}

char **hotreload_json_strings(const struct hotreload_json *json, const char *name, size_t *count) {
  const jsmntok_t *tokens = json->tokens, *array = value_find(json, name, JSMN_ARRAY);
  *count = 0;
  if (!array)
    return NULL;
  char **strings = calloc((size_t)array->size + 1, sizeof *strings);
  if (!strings)
    return NULL;
  int index = (int)(array - tokens);
  for (size_t i = (size_t)index + 1; i < json->token_count && tokens[i].parent >= index; i++) {
    bool element = tokens[i].parent == index && tokens[i].type == JSMN_STRING && tokens[i].size == 0;
    char *string = element && *count < (size_t)array->size ? string_decode(json, &tokens[i]) : NULL;
    if (!string) {
      hotreload_json_strings_free(strings, *count);
      *count = 0;
      return NULL;
    }
    strings[(*count)++] = string;
  }
  return strings;
}

void hotreload_json_strings_free(char **strings, size_t count) {
  for (size_t i = 0; strings && i < count; i++)
    free(strings[i]);
  free(strings);
}

void hotreload_json_free(struct hotreload_json *json) {
  free(json->tokens);
  *json = (struct hotreload_json){0};
}

/* Commands decoded and answers encoded; with `decode` or `encode` for the golden messages. */
#include "message.h"

#include <stdlib.h>

#include "command.h"
#include "expect.h"

static bool decode(const char *text, struct hotreload_command *command, struct hotreload_error *error) {
  /* A copy that ends where the text does, so that the sanitizer sees a step too far. */
  size_t length = strlen(text);
  char *copy = malloc(length + 1);
  memcpy(copy, text, length);
  *error = (struct hotreload_error){0};
  bool good = hotreload_command_decode(command, copy, length, error);
  free(copy);
  return good;
}

static void good_test(void) {
  struct hotreload_command command;
  struct hotreload_error error;
  test_begin("commands are decoded, their fields in any order");
  EXPECT(decode("{\"type\":\"survey\",\"id\":1}", &command, &error));
  EXPECT(command.kind == HOTRELOAD_SURVEY && command.id == 1);
  EXPECT(decode(" { \"size\" : 4096, \"end\":140737488355327 ,\"start\":0,\"id\":9007199254740991,\"type\":\"reserve\"}\n",
                &command, &error));
  EXPECT(command.kind == HOTRELOAD_RESERVE && command.id == 9007199254740991ull && command.start == 0);
  EXPECT(command.end == 140737488355327ull && command.size == 4096);
  EXPECT(decode("{\"libraries\":[\"/a\",\"/b c\"],\"type\":\"apply\",\"patch\":3,\"id\":2}", &command, &error));
  EXPECT(command.kind == HOTRELOAD_APPLY && command.patch == 3 && command.library_count == 2);
  EXPECT(strcmp(command.libraries[0], "/a") == 0 && strcmp(command.libraries[1], "/b c") == 0);
  hotreload_command_free(&command);
  EXPECT(decode("{\"type\":\"undo\",\"patch\":4,\"id\":3}", &command, &error));
  EXPECT(command.kind == HOTRELOAD_UNDO && command.patch == 4 && command.id == 3);
  EXPECT(decode("{\"type\":\"redo\",\"patch\":5,\"id\":4}", &command, &error));
  EXPECT(command.kind == HOTRELOAD_REDO && command.patch == 5 && command.id == 4);

  test_begin("escapes in strings are undone");
  EXPECT(decode("{\"\\u0074ype\":\"survey\",\"id\":1}", &command, &error) == false); /* keys are taken as they are */
  EXPECT(decode("{\"type\":\"ap\\u0070ly\",\"id\":2,\"patch\":1,\"libraries\":"
                "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20ac\\ud83d\\ude00\"]}",
                &command, &error));
  EXPECT(strcmp(command.libraries[0], "\"\\/\b\f\n\r\t\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80") == 0);
  hotreload_command_free(&command);
}

static void wrong_test(void) {
  static const char *const wrong[] = {
      "",
      " ",
      "x",
      "null",
      "42",
      "\"survey\"",
      "[]",
      "[{\"type\":\"survey\",\"id\":1}]",
      "{}",
      "{\"id\":1}",
      "{\"type\":\"survey\"}",
      "{\"type\":\"hello\",\"id\":1}",
      "{\"type\":null,\"id\":1}",
      "{\"type\":[\"survey\"],\"id\":1}",
      "{\"type\":\"survey\",\"id\":-1}",
      "{\"type\":\"survey\",\"id\":1.5}",
      "{\"type\":\"survey\",\"id\":1e3}",
      "{\"type\":\"survey\",\"id\":01}",
      "{\"type\":\"survey\",\"id\":\"1\"}",
      "{\"type\":\"survey\",\"id\":9007199254740992}",
      "{\"type\":\"survey\",\"id\":99999999999999999999999}",
      "{\"type\":\"survey\",\"id\":true}",
      "{\"type\":\"survey\",\"id\":[1]}",
      "{\"type\":\"survey\",\"id\":1,\"id\":2}",
      "{\"type\":\"survey\",\"id\":1,\"more\":2}",
      "{\"type\":\"survey\" \"id\":1}",
      "{\"type\":\"survey\",\"id\":1 2}",
      "{\"type\":\"survey\",\"id\"}",
      "{\"type\",\"survey\",\"id\",1}",
      "{\"type\":\"survey\",\"id\":1} {}",
      "{\"type\":\"survey\",\"id\":1}}",
      "{\"type\":\"survey\",\"id\":1]",
      "{\"type\":\"reserve\",\"id\":1,\"start\":1,\"end\":2}",
      "{\"type\":\"apply\",\"id\":1,\"patch\":1,\"libraries\":[]}",
      "{\"type\":\"apply\",\"id\":1,\"patch\":1,\"libraries\":\"/a\"}",
      "{\"type\":\"apply\",\"id\":1,\"patch\":1,\"libraries\":[1]}",
      "{\"type\":\"apply\",\"id\":1,\"patch\":1,\"libraries\":[[\"/a\"]]}",
      "{\"type\":\"apply\",\"id\":1,\"patch\":1,\"libraries\":[{\"a\":\"b\"}]}",
      "{\"type\":\"apply\",\"id\":1,\"patch\":1,\"libraries\":[\"/a\\u0000b\"]}",
      "{\"type\":\"apply\",\"id\":1,\"patch\":1,\"libraries\":[\"/a\\ud800\"]}",
      "{\"type\":\"apply\",\"id\":1,\"patch\":1,\"libraries\":[\"/a\\udc00\\ud800\"]}",
      "{\"type\":\"apply\",\"id\":1,\"patch\":1,\"libraries\":[\"/a\\x\"]}",
      "{\"type\":\"apply\",\"id\":1,\"patch\":1,\"libraries\":[\"/a\\u12\"]}",
      "{\"type\":\"apply\",\"id\":1,\"libraries\":[\"/a\"]}",
      "{\"type\":\"undo\",\"id\":1}",
      "{\"type\":\"undo\",\"id\":1,\"patch\":1,\"functions\":\"f\"}",
      "{\"type\":\"undo\",\"id\":1,\"patch\":1,\"files\":[1]}",
      "{\"type\":\"survey\",\"id\":1,\"files\":[]}",
      "{\"type\":\"redo\",\"id\":1,\"patch\":1,\"libraries\":[\"/a\"]}",
  };
  struct hotreload_command command;
  struct hotreload_error error;
  test_begin("what is no command is refused");
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
    if (!EXPECT(!decode(wrong[i], &command, &error) && error.code == E_AGENT_MESSAGE))
      printf("# %s\n", wrong[i]);

  test_begin("the id comes back if it could be read");
  EXPECT(!decode("{\"type\":\"unheard\",\"id\":77}", &command, &error) && command.id == 77);
  EXPECT(!decode("{\"type\":\"apply\",\"id\":78,\"patch\":1}", &command, &error) && command.id == 78);
  EXPECT(!decode("{\"type\":\"survey\",\"id\":79", &command, &error) && command.id == 0);

  test_begin("a command cut off at any length is refused");
  char whole[] = "{\"type\":\"apply\",\"id\":1,\"patch\":1,\"libraries\":[\"/a\\u00e9\",\"/b\"]}";
  for (size_t length = strlen(whole); length-- > 0;) {
    whole[length] = '\0';
    EXPECT(!decode(whole, &command, &error) && error.code == E_AGENT_MESSAGE);
  }
}

static void large_test(void) {
  struct hotreload_command command;
  struct hotreload_error error;
  size_t size = 4u << 20;
  char *text = malloc(size + 1);
  test_begin("nesting of any depth is refused without recursion");
  memset(text, '[', size);
  text[size] = '\0';
  EXPECT(!decode(text, &command, &error));
  for (size_t i = 0; i + 4 < size; i += 5)
    memcpy(text + i, "{\"a\":", 5);
  EXPECT(!decode(text, &command, &error));
  size_t depth = 1500;
  char *out = text + sprintf(text, "{\"type\":\"survey\",\"id\":1,\"x\":");
  memset(out, '[', depth);
  memset(out + depth, ']', depth);
  strcpy(out + 2 * depth, "}");
  EXPECT(!decode(text, &command, &error));

  test_begin("more values than any command has are refused");
  out = text + sprintf(text, "{\"type\":\"apply\",\"id\":1,\"patch\":1,\"libraries\":[\"/a\"");
  while (out < text + size - 8)
    out += sprintf(out, ",\"/a\"");
  strcpy(out, "]}");
  EXPECT(!decode(text, &command, &error));

  test_begin("a long path is a path");
  out = text + sprintf(text, "{\"type\":\"apply\",\"id\":1,\"patch\":1,\"libraries\":[\"/");
  memset(out, 'a', 1u << 20);
  strcpy(out + (1u << 20), "\"]}");
  EXPECT(decode(text, &command, &error) && strlen(command.libraries[0]) == (1u << 20) + 1);
  hotreload_command_free(&command);
  free(text);

  test_begin("junk is refused");
  unsigned seed = 3;
  static const char alphabet[] = "{}[]\",:\\u0123typesurvyidaplb \t-.e";
  for (int round = 0; round < 50000; round++) {
    char junk[48] = "{\"type\":\"survey\",\"id\":1}";
    for (int i = 0; i < 4; i++) {
      seed = seed * 1103515245u + 12345u;
      junk[(seed >> 8) % 24] = alphabet[(seed >> 16) % (sizeof alphabet - 1)];
    }
    if (decode(junk, &command, &error))
      hotreload_command_free(&command);
    else
      EXPECT(error.code == E_AGENT_MESSAGE);
  }
}

static void run_test(void) {
  test_begin("every text is answered once");
  static struct hotreload_process process;
  struct hotreload_text answer = {0};
  static const char survey[] = "{\"type\":\"survey\",\"id\":5}", junk[] = "junk",
                    apply[] = "{\"type\":\"apply\",\"id\":6,\"patch\":1,\"libraries\":[\"/nowhere/a.so\"]}",
                    reserve[] = "{\"type\":\"reserve\",\"id\":7,\"start\":2,\"end\":1,\"size\":4096}";
  EXPECT(hotreload_command_run(&process, "/nowhere", survey, sizeof survey - 1, &answer));
  EXPECT(answer.length > 30 && memcmp(answer.data, "{\"type\":\"surveyed\",\"id\":5,\"modules\":[{", 37) == 0);
  hotreload_text_free(&answer);
  EXPECT(!hotreload_command_run(&process, "/nowhere", junk, sizeof junk - 1, &answer));
  EXPECT(memcmp(answer.data, "{\"type\":\"refused\",\"id\":0,\"code\":\"E_AGENT_MESSAGE\"", 49) == 0);
  hotreload_text_free(&answer);
  EXPECT(hotreload_command_run(&process, "/nowhere", apply, sizeof apply - 1, &answer));
  EXPECT(memcmp(answer.data, "{\"type\":\"refused\",\"id\":6,\"code\":\"E_AGENT_FILE\"", 46) == 0);
  hotreload_text_free(&answer);
  EXPECT(hotreload_command_run(&process, "/nowhere", reserve, sizeof reserve - 1, &answer));
  EXPECT(memcmp(answer.data, "{\"type\":\"refused\",\"id\":7,\"code\":\"E_AGENT_RANGE\"", 47) == 0);
  hotreload_text_free(&answer);

  test_begin("bytes that are not UTF-8 become U+FFFD, and control characters are escaped");
  hotreload_text_quote(&answer, "a\"\\\n\x01\xff\xc3\xa9\xe2\x82\xed\xa0\x80\xf0\x9f\x98\x80\x7f");
  static const char expected[] = "\"a\\\"\\\\\\u000a\\u0001\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
                                 "\xef\xbf\xbd\xef\xbf\xbd\xf0\x9f\x98\x80\x7f\"";
  EXPECT(answer.length == sizeof expected - 1 && memcmp(answer.data, expected, answer.length) == 0);
  hotreload_text_free(&answer);
}

static void print_text(struct hotreload_text *text) {
  printf("%.*s\n", (int)text->length, text->data);
  hotreload_text_free(text);
}

static void strings_write(struct hotreload_text *text, const char *begin, char **strings, size_t count) {
  hotreload_text_literal(text, begin);
  for (size_t i = 0; i < count; i++) {
    hotreload_text_literal(text, i ? "," : "");
    hotreload_text_quote(text, strings[i]);
  }
  hotreload_text_literal(text, "]");
}

/* Each line of standard input is a command; prints it again, encoded from what was decoded. */
static int decode_lines(void) {
  char *line = NULL;
  size_t capacity = 0;
  for (ssize_t length; (length = getline(&line, &capacity, stdin)) > 0;) {
    struct hotreload_command command;
    struct hotreload_error error;
    if (!hotreload_command_decode(&command, line, (size_t)length, &error)) {
      printf("%s %s\n", hotreload_code_name(error.code), error.message);
      continue;
    }
    static const char *const kinds[] = {"survey", "reserve", "apply", "undo", "redo"};
    struct hotreload_text text = {0};
    printf("{\"type\":\"%s\",\"id\":%llu", kinds[command.kind], (unsigned long long)command.id);
    if (command.kind == HOTRELOAD_RESERVE)
      printf(",\"start\":%llu,\"end\":%llu,\"size\":%llu", (unsigned long long)command.start,
             (unsigned long long)command.end, (unsigned long long)command.size);
    if (command.kind == HOTRELOAD_APPLY) {
      printf(",\"patch\":%llu,\"libraries\":[", (unsigned long long)command.patch);
      for (size_t i = 0; i < command.library_count; i++) {
        hotreload_text_literal(&text, i ? "," : "");
        hotreload_text_quote(&text, command.libraries[i]);
      }
      hotreload_text_literal(&text, "]");
    }
    if (command.kind == HOTRELOAD_UNDO || command.kind == HOTRELOAD_REDO)
      printf(",\"patch\":%llu", (unsigned long long)command.patch);
    if (command.functions)
      strings_write(&text, ",\"functions\":[", command.functions, command.function_count);
    if (command.files)
      strings_write(&text, ",\"files\":[", command.files, command.file_count);
    hotreload_text_literal(&text, "}");
    print_text(&text);
    hotreload_command_free(&command);
  }
  free(line);
  return 0;
}

/* Prints one message a line: what the golden messages of the agent must be. */
static int encode_lines(void) {
  struct hotreload_module modules[] = {
      {.path = "/work/build/app",
       .build_id = "0123456789abcdef0123456789abcdef01234567",
       .bias = 0x555555554000,
       .start = 0x555555554000,
       .end = 0x555555559018,
       .tls_module = 1},
      {.path = "/work/b\xc3\xa4u \"x\"/lib\\y.so",
       .build_id = "",
       .bias = 0x7ffff7c00000,
       .start = 0x7ffff7c00000,
       .end = 0x7ffff7fc1000,
       .tls_module = 0},
  };
  const struct hotreload_modules list = {.items = modules, .count = 2};
  struct hotreload_range range = {.near = 0x555555554000, .start = 0x555545554000, .size = 0x4000000};
  struct hotreload_library libraries[] = {
      {.path = "/work/build/.hotreload/patches/4242-1-0.so",
       .extent = {.start = 0x555545554000, .size = 0x5000},
       .tls_module = 0},
      {.path = "/work/build/.hotreload/patches/4242-1-1.so",
       .extent = {.start = 0x7ffff0000000, .size = 0x3000},
       .tls_module = 4},
  };
  uint32_t kept[] = {0, 7};
  libraries[1].kept = kept;
  libraries[1].kept_count = 2;
  struct hotreload_applied applied = {.patch = 1, .libraries = libraries, .library_count = 2, .standing = HOTRELOAD_UNDONE};
  const struct hotreload_process fresh = {0},
                                 patched = {.ranges = {.items = &range, .count = 1}, .applied = &applied, .applied_count = 1};
  const struct hotreload_identity identity = {
      .pid = 4242, .parent_pid = 4200, .start_time = 123456789, .executable = "/work/build/app", .name = "worker \"3\""};
  const struct hotreload_timing timing = {.load_nanoseconds = 412345, .redirect_nanoseconds = 7000};
  struct hotreload_error error;
  struct hotreload_text text = {0};

  hotreload_message_hello(&text, &identity, &list, &fresh);
  print_text(&text);
  hotreload_message_hello(&text, &identity, &list, &patched);
  print_text(&text);
  hotreload_message_surveyed(&text, 1, &list);
  print_text(&text);
  hotreload_message_reserved(&text, 2, &range);
  print_text(&text);
  hotreload_message_applied(&text, 3, &applied, &timing);
  print_text(&text);
  const struct hotreload_command undo = {.kind = HOTRELOAD_UNDO, .id = 5, .patch = 2};
  hotreload_message_turned(&text, &undo, 3210);
  print_text(&text);
  const struct hotreload_command redo = {.kind = HOTRELOAD_REDO, .id = 6, .patch = 2};
  hotreload_message_turned(&text, &redo, 0);
  print_text(&text);
  hotreload_message_waiting(&text, 7);
  print_text(&text);
  hotreload_message_named(&text, identity.name);
  print_text(&text);
  hotreload_message_wish(&text);
  print_text(&text);
  const struct hotreload_state_news news = {.key = "ball.2", .size = 24, .left = 16};
  hotreload_message_state(&text, &news);
  print_text(&text);
  hotreload_error_set(&error, E_AGENT_MOVED, "%s was linked for %#llx", libraries[0].path, 0x555545554000ull);
  hotreload_message_refused(&text, 4, &error);
  print_text(&text);
  hotreload_error_set(&error, E_AGENT_MESSAGE, "%s", "it is not JSON");
  hotreload_message_refused(&text, 0, &error);
  print_text(&text);
  return 0;
}

int main(int count, char **arguments) {
  if (count > 1 && strcmp(arguments[1], "decode") == 0)
    return decode_lines();
  if (count > 1 && strcmp(arguments[1], "encode") == 0)
    return encode_lines();
  good_test();
  wrong_test();
  large_test();
  run_test();
  return test_done();
}

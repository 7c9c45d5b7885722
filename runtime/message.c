/* The messages of the wire contract (devserver/protocol.ts): commands decoded, answers encoded. */
#include "message.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"

/* One a library of the program that changed. */
#define MOST_LIBRARIES 1024

struct description {
  const char *type;
  enum hotreload_command_kind kind;
  const char *const *fields; /* ends with NULL */
};

static const char *const survey_fields[] = {"type", "id", NULL};
static const char *const reserve_fields[] = {"type", "id", "start", "end", "size", NULL};
static const char *const apply_fields[] = {"type", "id", "patch", "libraries", "functions", "files", NULL};
static const char *const turn_fields[] = {"type", "id", "patch", "functions", "files", NULL};

static const struct description descriptions[] = {
    {"survey", HOTRELOAD_SURVEY, survey_fields},
    {"reserve", HOTRELOAD_RESERVE, reserve_fields},
    {"apply", HOTRELOAD_APPLY, apply_fields},
    {"undo", HOTRELOAD_UNDO, turn_fields},
    {"redo", HOTRELOAD_REDO, turn_fields},
};

static const char *libraries_read(struct hotreload_command *command, const struct hotreload_json *json) {
  command->libraries = hotreload_json_strings(json, "libraries", &command->library_count);
  if (!command->libraries)
    return "libraries is not an array of strings";
  if (command->library_count == 0 || command->library_count > MOST_LIBRARIES)
    return "libraries names none, or too many";
  return NULL;
}

/* What the program is told of it: each list may be left out. */
static const char *change_read(struct hotreload_command *command, const struct hotreload_json *json) {
  if (hotreload_json_has(json, "functions"))
    command->functions = hotreload_json_strings(json, "functions", &command->function_count);
  if (hotreload_json_has(json, "files"))
    command->files = hotreload_json_strings(json, "files", &command->file_count);
  bool good = !hotreload_json_has(json, "functions") == !command->functions &&
              !hotreload_json_has(json, "files") == !command->files;
  return good ? NULL : "functions or files is not an array of strings";
}

static const char *fields_read(struct hotreload_command *command, const struct hotreload_json *json) {
  const struct {
    const char *name;
    uint64_t *value;
  } numbers[] = {
      {"id", &command->id},     {"start", &command->start}, {"end", &command->end},
      {"size", &command->size}, {"patch", &command->patch},
  };
  char *type = hotreload_json_string(json, "type");
  const struct description *description = NULL;
  for (size_t i = 0; type && i < sizeof descriptions / sizeof descriptions[0]; i++)
    if (strcmp(type, descriptions[i].type) == 0)
      description = &descriptions[i];
  free(type);
  if (!description)
    return "its type is not known";
  command->kind = description->kind;
  const char *wrong = hotreload_json_check_keys(json, description->fields);
  for (const char *const *field = description->fields; *field && !wrong; field++)
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
      if (strcmp(*field, numbers[i].name) == 0 && !hotreload_json_integer(json, *field, numbers[i].value))
        wrong = "a number is missing or is none";
  if (!wrong && description->kind == HOTRELOAD_APPLY)
    wrong = libraries_read(command, json);
  if (!wrong && hotreload_command_changes(command))
    wrong = change_read(command, json);
  return wrong;
}

bool hotreload_command_decode(struct hotreload_command *command, const char *text, size_t length,
                              struct hotreload_error *error) {
  *command = (struct hotreload_command){0};
  struct hotreload_json json;
  const char *wrong = hotreload_json_parse(&json, text, length);
  if (wrong)
    return hotreload_error_set(error, E_AGENT_MESSAGE, "%s", wrong);
  uint64_t id = 0;
  hotreload_json_integer(&json, "id", &id);
  wrong = fields_read(command, &json);
  hotreload_json_free(&json);
  if (!wrong)
    return true;
  hotreload_command_free(command);
  command->id = id;
  return hotreload_error_set(error, E_AGENT_MESSAGE, "%s", wrong);
}

bool hotreload_command_changes(const struct hotreload_command *command) {
  return command->kind == HOTRELOAD_APPLY || command->kind == HOTRELOAD_UNDO || command->kind == HOTRELOAD_REDO;
}

void hotreload_command_free(struct hotreload_command *command) {
  hotreload_json_strings_free(command->functions, command->function_count);
  hotreload_json_strings_free(command->files, command->file_count);
  hotreload_json_strings_free(command->libraries, command->library_count);
  *command = (struct hotreload_command){0};
}

/* `,"name":` and what follows; the first field of an object goes without comma. */
static void name_write(struct hotreload_text *text, const char *name) {
  if (text->length && text->data[text->length - 1] != '{')
    hotreload_text_literal(text, ",");
  hotreload_text_literal(text, "\"");
  hotreload_text_literal(text, name);
  hotreload_text_literal(text, "\":");
}

static void number_write(struct hotreload_text *text, const char *name, uint64_t value) {
  name_write(text, name);
  hotreload_text_number(text, value);
}

static void string_write(struct hotreload_text *text, const char *name, const char *value) {
  name_write(text, name);
  hotreload_text_quote(text, value);
}

/* Microseconds with three decimals, without the locale's decimal point. */
static void microseconds_write(struct hotreload_text *text, const char *name, uint64_t nanoseconds) {
  uint64_t rest = nanoseconds % 1000;
  number_write(text, name, nanoseconds / 1000);
  if (rest == 0)
    return;
  char digits[] = {'.', (char)('0' + rest / 100), (char)('0' + rest / 10 % 10), (char)('0' + rest % 10)};
  hotreload_text_append(text, digits, sizeof digits);
}

static void message_begin(struct hotreload_text *text, const char *type) {
  hotreload_text_literal(text, "{");
  string_write(text, "type", type);
}

/* The separator before element `index` of an array of objects, and its opening brace. */
static void element_begin(struct hotreload_text *text, size_t index) {
  hotreload_text_literal(text, index ? ",{" : "{");
}

static void range_write(struct hotreload_text *text, const struct hotreload_range *range) {
  number_write(text, "near", range->near);
  number_write(text, "start", range->start);
  number_write(text, "size", range->size);
}

static void modules_write(struct hotreload_text *text, const struct hotreload_modules *modules) {
  name_write(text, "modules");
  hotreload_text_literal(text, "[");
  for (size_t i = 0; i < modules->count; i++) {
    const struct hotreload_module *module = &modules->items[i];
    element_begin(text, i);
    string_write(text, "path", module->path);
    string_write(text, "buildId", module->build_id);
    number_write(text, "bias", module->bias);
    number_write(text, "start", module->start);
    number_write(text, "end", module->end);
    number_write(text, "tlsModule", module->tls_module);
    hotreload_text_literal(text, "}");
  }
  hotreload_text_literal(text, "]");
}

static void applied_write(struct hotreload_text *text, const struct hotreload_applied *applied) {
  number_write(text, "patch", applied->patch);
  name_write(text, "libraries");
  hotreload_text_literal(text, "[");
  for (size_t i = 0; i < applied->library_count; i++) {
    const struct hotreload_library *library = &applied->libraries[i];
    element_begin(text, i);
    string_write(text, "path", library->path);
    number_write(text, "start", library->extent.start);
    number_write(text, "size", library->extent.size);
    number_write(text, "tlsModule", library->tls_module);
    name_write(text, "kept");
    hotreload_text_literal(text, "[");
    for (uint32_t j = 0; j < library->kept_count; j++) {
      hotreload_text_literal(text, j ? "," : "");
      hotreload_text_number(text, library->kept[j]);
    }
    hotreload_text_literal(text, "]}");
  }
  hotreload_text_literal(text, "]");
}

static const char *const standings[] = {
    [HOTRELOAD_STANDING] = "standing", [HOTRELOAD_UNDONE] = "undone", [HOTRELOAD_ABANDONED] = "abandoned"};

void hotreload_message_hello(struct hotreload_text *text, const struct hotreload_identity *identity,
                             const struct hotreload_modules *modules, const struct hotreload_process *process) {
  message_begin(text, "hello");
  number_write(text, "protocol", 1);
  number_write(text, "pid", (uint64_t)identity->pid);
  number_write(text, "parentPid", (uint64_t)identity->parent_pid);
  number_write(text, "startTime", identity->start_time);
  string_write(text, "executable", identity->executable);
  string_write(text, "name", identity->name);
  modules_write(text, modules);
  name_write(text, "ranges");
  hotreload_text_literal(text, "[");
  for (size_t i = 0; i < process->ranges.count; i++) {
    element_begin(text, i);
    range_write(text, &process->ranges.items[i]);
    hotreload_text_literal(text, "}");
  }
  hotreload_text_literal(text, "]");
  name_write(text, "applied");
  hotreload_text_literal(text, "[");
  for (size_t i = 0; i < process->applied_count; i++) {
    element_begin(text, i);
    applied_write(text, &process->applied[i]);
    string_write(text, "standing", standings[process->applied[i].standing]);
    hotreload_text_literal(text, "}");
  }
  hotreload_text_literal(text, "]}");
}

void hotreload_message_surveyed(struct hotreload_text *text, uint64_t id, const struct hotreload_modules *modules) {
  message_begin(text, "surveyed");
  number_write(text, "id", id);
  modules_write(text, modules);
  hotreload_text_literal(text, "}");
}

void hotreload_message_reserved(struct hotreload_text *text, uint64_t id, const struct hotreload_range *range) {
  message_begin(text, "reserved");
  number_write(text, "id", id);
  name_write(text, "range");
  hotreload_text_literal(text, "{");
  range_write(text, range);
  hotreload_text_literal(text, "}}");
}

void hotreload_message_applied(struct hotreload_text *text, uint64_t id, const struct hotreload_applied *applied,
                               const struct hotreload_timing *timing) {
  message_begin(text, "applied");
  number_write(text, "id", id);
  applied_write(text, applied);
  microseconds_write(text, "loadUs", timing->load_nanoseconds);
  microseconds_write(text, "redirectUs", timing->redirect_nanoseconds);
  hotreload_text_literal(text, "}");
}

void hotreload_message_turned(struct hotreload_text *text, const struct hotreload_command *command,
                              uint64_t nanoseconds) {
  message_begin(text, command->kind == HOTRELOAD_UNDO ? "undone" : "redone");
  number_write(text, "id", command->id);
  number_write(text, "patch", command->patch);
  microseconds_write(text, "redirectUs", nanoseconds);
  hotreload_text_literal(text, "}");
}

void hotreload_message_waiting(struct hotreload_text *text, uint64_t id) {
  message_begin(text, "waiting");
  number_write(text, "id", id);
  hotreload_text_literal(text, "}");
}

void hotreload_message_named(struct hotreload_text *text, const char *name) {
  message_begin(text, "named");
  string_write(text, "name", name);
  hotreload_text_literal(text, "}");
}

void hotreload_message_wish(struct hotreload_text *text) {
  message_begin(text, "wish");
  hotreload_text_literal(text, "}");
}

void hotreload_message_state(struct hotreload_text *text, const struct hotreload_state_news *news) {
  message_begin(text, "state");
  string_write(text, "key", news->key);
  number_write(text, "size", news->size);
  number_write(text, "left", news->left);
  hotreload_text_literal(text, "}");
}

void hotreload_message_refused(struct hotreload_text *text, uint64_t id, const struct hotreload_error *error) {
  message_begin(text, "refused");
  number_write(text, "id", id);
  string_write(text, "code", hotreload_code_name(error->code));
  string_write(text, "message", error->message);
  hotreload_text_literal(text, "}");
}

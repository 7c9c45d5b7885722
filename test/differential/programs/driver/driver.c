/* Runs a program under the differential test: as the live process that is edited, or as the fresh one beside it.
 *
 *   serve FIFO DIRECTORY       reads commands: "dump N" writes DIRECTORY/N.state, "probe N INPUT" writes DIRECTORY/N.out;
 *                              each is answered by "done N" on standard output
 *   once STATE INPUT OUT       takes over the state, does what "probe" does, and ends
 */
#define _GNU_SOURCE
#include "driver.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { VALUES = 4096, NAME = 64, FIELDS = 4096, PATH = 4096 };

static struct value {
  char name[NAME];
  long *variable;
  long initial;
} values[VALUES];

static struct field {
  char name[NAME];
  unsigned char *bytes;
  size_t size;
} fields[FIELDS];

static int value_count, field_count, loading, starting;
static FILE *out;
static atomic_ulong trace_sum, trace_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct field *find_field(const char *name) {
  for (int i = 0; i < field_count; i++)
    if (strcmp(fields[i].name, name) == 0) return &fields[i];
  return NULL;
}

void hr_out(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(out, format, arguments);
  va_end(arguments);
  fputc('\n', out);
}

void hr_trace(long value) {
  uint64_t mixed = (uint64_t)value + 0x9e3779b97f4a7c15u;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
  atomic_fetch_add(&trace_sum, mixed ^ (mixed >> 31));
  atomic_fetch_add(&trace_count, 1);
}

long hr_chosen(long value) { return value; }

void hr_state(const char *name, long *variable) {
  pthread_mutex_lock(&lock);
  int i = 0;
  while (i < value_count && strcmp(values[i].name, name) != 0) i++;
  if (i == value_count && value_count < VALUES) {
    snprintf(values[i].name, NAME, "%s", name);
    values[i].initial = *variable;
    value_count++;
    const struct field *loaded = starting ? NULL : find_field(name);
    if (loaded && loaded->size == sizeof *variable) memcpy(variable, loaded->bytes, sizeof *variable);
  }
  values[i].variable = variable;
  pthread_mutex_unlock(&lock);
}

void hr_field(const char *name, void *data, size_t size) {
  if (loading) {
    const struct field *loaded = find_field(name);
    if (loaded && loaded->size == size) memcpy(data, loaded->bytes, size);
    return;
  }
  fprintf(out, "%s ", name);
  for (size_t i = 0; i < size; i++) fprintf(out, "%02x", ((unsigned char *)data)[i]);
  fputc('\n', out);
}

int hr_loading(void) { return loading; }

/* The live process started before it was edited: what the start makes of variables that came later, it has not seen. */
static void start(void) {
  starting = 1;
  subject_start();
  starting = 0;
  for (int i = 0; i < value_count; i++) *values[i].variable = values[i].initial;
  value_count = 0;
}

static void write_state(void) {
  for (int i = 0; i < value_count; i++) hr_field(values[i].name, values[i].variable, sizeof(long));
  subject_state();
}

static void read_state(const char *path) {
  FILE *file = fopen(path, "r");
  char *line = NULL;
  size_t room = 0;
  if (!file) abort();
  while (getline(&line, &room, file) > 0 && field_count < FIELDS) {
    const char *hexadecimal = strchr(line, ' ') + 1;
    struct field *field = &fields[field_count++];
    snprintf(field->name, NAME, "%.*s", (int)(hexadecimal - 1 - line), line);
    field->size = strspn(hexadecimal, "0123456789abcdef") / 2;
    field->bytes = malloc(field->size + 1);
    for (size_t i = 0; i < field->size; i++) sscanf(hexadecimal + 2 * i, "%2hhx", &field->bytes[i]);
  }
  free(line);
  fclose(file);
  loading = 1;
  subject_state();
  loading = 0;
}

static void probe(unsigned input) {
  trace_sum = trace_count = 0;
  subject_probe(input);
  fprintf(out, "trace %lx of %lu\nstate\n", (unsigned long)trace_sum, (unsigned long)trace_count);
  write_state();
}

static void open_out(const char *path) {
  out = fopen(path, "w");
  if (!out) abort();
}

static void serve(const char *fifo, const char *directory) {
  char line[256], path[PATH], name[32];
  FILE *commands = fopen(fifo, "r+"); /* writable too: there is no end of file between two writers */
  if (!commands) abort();
  printf("done 0\n");
  while (fgets(line, sizeof line, commands)) {
    unsigned input = 0;
    long number = 0;
    if (sscanf(line, "%31s %ld %u", name, &number, &input) < 2) abort();
    const int dumps = strcmp(name, "dump") == 0;
    snprintf(path, sizeof path, "%s/%ld.%s", directory, number, dumps ? "state" : "out");
    open_out(path);
    if (dumps)
      write_state();
    else
      probe(input);
    fclose(out);
    printf("done %ld\n", number);
  }
}

int main(int count, char **arguments) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  out = stdout;
  start();
  if (count == 4 && strcmp(arguments[1], "serve") == 0) {
    serve(arguments[2], arguments[3]);
  } else if (count == 5 && strcmp(arguments[1], "once") == 0) {
    alarm(20);
    read_state(arguments[2]);
    open_out(arguments[4]);
    probe((unsigned)strtoul(arguments[3], NULL, 10));
    fclose(out);
    _exit(0);
  }
  return 1;
}

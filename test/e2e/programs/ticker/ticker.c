/* The loop of every test program: a tick every 10 ms, and a line with the fields that changed. */
#include "report.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FIELDS = 256, NAME = 48, TEXT = 160 };

static struct field {
  char name[NAME];
  char text[TEXT];
  int changed;
} fields[FIELDS];

static struct watch {
  char name[NAME];
  long first, calls;
  const volatile void *address;
  int broken;
} watches[FIELDS];

void report(const char *name, const char *format, ...) {
  char text[TEXT];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  for (char *c = text; *c; c++)
    if (isspace((unsigned char)*c)) *c = '_';
  for (int i = 0; i < FIELDS; i++) {
    struct field *field = &fields[i];
    if (!field->name[0])
      snprintf(field->name, sizeof field->name, "%s", name);
    else if (strcmp(field->name, name) != 0)
      continue;
    else if (strcmp(field->text, text) == 0)
      return;
    memcpy(field->text, text, sizeof text);
    field->changed = 1;
    return;
  }
  abort();
}

static struct watch *find_watch(const char *name) {
  for (int i = 0; i < FIELDS; i++) {
    if (!watches[i].name[0]) snprintf(watches[i].name, sizeof watches[i].name, "%s", name);
    if (strcmp(watches[i].name, name) == 0) return &watches[i];
  }
  abort();
}

void report_counted(const char *name, long value) {
  struct watch *watch = find_watch(name);
  if (watch->calls == 0) watch->first = value;
  if (value != watch->first + watch->calls++) watch->broken = 1;
  if (watch->broken)
    report(name, "broken");
  else
    report(name, "from %ld", watch->first);
}

void report_address(const char *name, const volatile void *address) {
  struct watch *watch = find_watch(name);
  if (watch->calls++ == 0) watch->address = address;
  if (watch->address != address) watch->broken = 1;
  report(name, watch->broken ? "moved" : "kept");
}

static void print_tick(long tick) {
  printf("tick %ld", tick);
  for (int i = 0; i < FIELDS && fields[i].name[0]; i++) {
    if (fields[i].changed) printf(" %s=%s", fields[i].name, fields[i].text);
    fields[i].changed = 0;
  }
  printf("\n");
  fflush(stdout);
}

int main(void) {
  alarm(1800); /* whatever becomes of the test, this program ends */
  start_parts();
  for (long tick = 1;; tick++) {
    run_parts(tick);
    print_tick(tick);
    nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
  }
}

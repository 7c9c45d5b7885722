#include <stdio.h>
#include <string.h>

#include "hotreload.h"
#include "report.h"

static int count = 40, seen;

int e10_count(void) { return ++count; }

int e10_value(int x) { return x + 1; }

/* What a test may set by an edit. */
int e10_polls(void) { return 0; }

static const char *before(const struct hotreload_change *change, void *context) {
  (void)context;
  for (size_t i = 0; i < change->function_count; i++)
    if (strcmp(change->functions[i], "e10_forbidden") == 0) return "e10_forbidden is not to be replaced now";
  return NULL;
}

static void after(const struct hotreload_change *change, void *context) {
  (void)context;
  if (change->failed) return;
  seen += 1;
  const char *slash = change->file_count ? strrchr(change->files[0], '/') : NULL;
  report("E10.files", "%s", slash ? slash + 1 : "none");
  report("E10.functions", "%zu", change->function_count);
}

int e10_forbidden(int x) { return x + 9; }

int e10_seen(void) { return seen; }

void e10_start(void) {
  hotreload_set_name("ticker");
  hotreload_set_polled(1);
  hotreload_register(before, after, NULL);
}

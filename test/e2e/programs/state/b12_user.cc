// Never edited: holds addresses, writes through them, and sees whether b12.cc reads what was written.
#include "b12.h"
#include "report.h"

static int *file_static, *global, *shared, *other, *added;

void start_b12() {
  file_static = b12_old_address();
  global = &b12_global;
  shared = b12_shared_address();
}

void run_b12(long tick) {
  const int value = int(tick % 1000);
  *file_static = value + 1;
  *global = value + 2;
  *shared = value + 3;
  if (other) *other = value + 4;
  if (added) *added = value + 5;
  const B12Answer answer = b12_look(file_static, global, shared, other);
  report("B12.version", "%d", answer.version);
  report("B12.read", "%d", answer.file_static == value + 1 && answer.global == value + 2 && answer.shared == value + 3);
  report("B12.equal", "%d%d%d", answer.static_equal, answer.global_equal, answer.shared_equal);
  report("B12.other", "%s", !other ? "none" : answer.other == value + 4 && answer.other_equal ? "read" : "lost");
  report("B12.added", "%s", !added ? "none" : answer.added == value + 5 && answer.address_of_added == added ? "read" : "lost");
  if (!other) other = answer.address_of_other;
  if (!added) added = answer.address_of_added;
  report("B12.one_variable", "%d", &b12_shared_value == shared && &b12_global == global &&
                                       (!answer.address_of_static || answer.address_of_static == file_static));
}

#include "a18_copies.h"
#include "report.h"

int a18_two(int x);

void run_a18() { report("A18.copies", "%d %d", a18_copied(10 * A18_USES), a18_two(20)); }

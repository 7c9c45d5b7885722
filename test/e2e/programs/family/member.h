/* A member of the family besides the first: it writes "pid value other" into a file whenever that changes, until the
 * directory is gone. */
#ifndef MEMBER_H
#define MEMBER_H

_Noreturn void member_run(const char *directory, const char *name);

#endif

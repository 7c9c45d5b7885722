/* Another executable of the project. */
#include "member.h"

int main(int count, char **arguments) {
  if (count != 3) return 1;
  member_run(arguments[1], arguments[2]);
}

/* Functions that are compiled as the project's are, for tests to redirect. */
#ifndef VICTIM_H
#define VICTIM_H

int victim(int x);       /* x + 1 */
int victim_other(int x); /* x + 2 */
int victim_third(int x); /* x + 3 */
int victim_undo(int x);       /* x + 2 */
int victim_undo_other(int x); /* x + 3 */
int victim_static(int x); /* calls a static function: x + 1 */

#endif

#ifndef STATE_H
#define STATE_H

void state_start(void);
long state_count(void);
long state_first(void);
int state_part(void);

#endif

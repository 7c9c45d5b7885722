int lost(void);

int never(void) { return lost() + 1; }

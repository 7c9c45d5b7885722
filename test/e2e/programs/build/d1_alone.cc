// place for an include

int d1_alone() { return 7; }

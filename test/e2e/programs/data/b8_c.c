static const int table[4] = {1, 2, 3, 4};

const int *b8_c_table(void) { return table; }

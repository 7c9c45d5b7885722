/* What a test runner starts by the hundred. */
int value(int x);

int main(void) { return value(0); }

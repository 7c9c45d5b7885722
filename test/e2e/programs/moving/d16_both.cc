#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

static int flavour() { return FLAVOUR * 16; }

int JOIN(d16_both_, FLAVOUR)() { return flavour() + 0; }

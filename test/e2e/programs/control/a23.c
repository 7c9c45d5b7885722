static volatile int started;

__attribute__((constructor)) static void a23_start(void) { started += 1; }

int a23_started(void) { return started; }

int a23_plain(int x) { return x + 1; }

extern __typeof(a23_plain) a23_alias __attribute__((alias("a23_plain")));

__attribute__((weak)) int a23_weak(int x) { return x + 2; }

static int chosen(int x) { return x + 3; }

static void *resolve(void) { return (void *)chosen; }

int a23_ifunc(int x) __attribute__((ifunc("resolve")));

int a23_indirect(int x) { return a23_ifunc(x) + 100; }

__attribute__((visibility("hidden"))) int a23_hidden(int x) { return x + 4; }

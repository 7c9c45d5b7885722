/* What a crash leaves for the report of it: where the thread stood, and its stack. */
#ifndef HOTRELOAD_CRASH_H
#define HOTRELOAD_CRASH_H

#include <stdint.h>

#define HOTRELOAD_CRASH_MAGIC 0x3148534152435248ull /* "HRCRASH1" */
#define HOTRELOAD_CRASH_REGISTERS 17
#define HOTRELOAD_CRASH_STACK (64u << 10)

/* The file, read by plugin/elf/core/crash.cc once the process has ended. All zero while there was no crash. */
struct hotreload_crash {
  uint64_t magic; /* written last */
  uint64_t signal;
  uint64_t thread;
  uint64_t registers[HOTRELOAD_CRASH_REGISTERS]; /* by their numbers in DWARF: x86-64 psABI figure 3.36, the last is rip */
  uint64_t stack_size;                           /* bytes, from where the stack pointer points to */
  unsigned char stack[HOTRELOAD_CRASH_STACK];
};

/* From now on a crash leaves `<patches>/PID-STARTTIME.crash`, which is deleted by whoever reads it. To be called before new
 * code comes in; the second call in a process does nothing. Where the program handles a signal itself, nothing is changed;
 * where it does not, it ends by that signal as it would without us. Fails silently: then only the place is not known. */
void hotreload_crash_watch(const char *patches);

/* In a forked child: the file is the parent's. */
void hotreload_crash_forked(void);

#endif

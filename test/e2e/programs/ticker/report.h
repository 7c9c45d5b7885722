/* What a test sees of a program: one line a tick, made of fields. The main thread alone calls these. */
#ifndef REPORT_H
#define REPORT_H

#ifdef __cplusplus
extern "C" {
#endif

/* The field has this value in this tick. White space becomes '_'. */
void report(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "from N" as long as the value is one more at each call, N being the first; else "broken". */
void report_counted(const char *name, long value);

/* "kept" as long as the address is that of the first call; else "moved". */
void report_address(const char *name, const volatile void *address);

/* Defined by each program. */
void start_parts(void);
void run_parts(long tick);

#ifdef __cplusplus
}
#endif
#endif

/* What a program under the differential test sees of its driver. Included in front of each of its files (-include). */
#ifndef DRIVER_H
#define DRIVER_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A line of what the probe shows. */
void hr_out(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Shows that control came here with this value; the order does not matter. Any thread may call it. */
void hr_trace(long value);

/* The value: no compiler knows. */
long hr_chosen(long value);

/* Makes a variable part of the state: what the live process has in it goes to the fresh one. Called wherever control
 * first reaches the variable, before it is used. */
void hr_state(const char *name, long *variable);

/* In subject_state(): copies bytes out of the live process, or into the fresh one. */
void hr_field(const char *name, void *data, size_t size);

/* True in the fresh process. */
int hr_loading(void);

/* Defined by each program: what it has when it starts, what it does with an input, and its state. */
void subject_start(void);
void subject_probe(unsigned input);
void subject_state(void);

#ifdef __cplusplus
}
#endif
#endif

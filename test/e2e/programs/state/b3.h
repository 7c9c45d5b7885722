#pragma once

struct B3Seen {
  long external, internal, in_function, shared_external, shared_internal;
  int version, shared_version;
};

extern thread_local long b3_external;

// Adds one to each of the thread's variables.
void b3_work(B3Seen *seen);

extern "C" void b3_shared_work(long *external, long *internal, int *version);

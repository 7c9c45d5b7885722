_Thread_local long b3_shared_external = 4000;
static __thread long internal = 5000;

void b3_shared_work(long *external, long *thread_internal, int *version) {
  b3_shared_external += 1;
  internal += 1;
  *external = b3_shared_external;
  *thread_internal = internal;
  *version = 1;
}

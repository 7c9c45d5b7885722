// place for variables

// A thread calls this all the time, and the main thread once a tick.
long b6_step() {
  // place for code
  return 0;
}

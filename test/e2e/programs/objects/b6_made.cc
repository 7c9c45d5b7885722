// place for variables

// Threads call this once each, and the main thread once a tick.
long b6_made() {
  // place for code
  return 0;
}

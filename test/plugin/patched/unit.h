// What the program and the file that is patched know of each other.
#pragma once
#include <string>

#pragma GCC visibility push(default)

struct Failure {
  int code;
};

class Base {
 public:
  virtual ~Base();
  virtual int work(int x);
};

/// The state of the unit as its own code sees it.
struct State {
  int counter, global_count, of_thread, of_thread_and_file, calls, added;
  std::string name;
};

extern int global_count;
extern thread_local int of_thread;

int compute(int x);
State state();
Base* create();
int use(Base* base, int x);
int recognise(Base* base);
[[noreturn]] void fail(int code);
int guarded(int code);
int (*pointer())(int);
int step();
const char* text();

#pragma GCC visibility pop

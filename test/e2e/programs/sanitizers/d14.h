// D14: what a sanitizer instruments: globals, statics, virtual calls, threads, heap.
#pragma once
#include <atomic>
#include <string>
#include <vector>

struct D14Shape {
  virtual ~D14Shape() = default;
  virtual int area() const { return 1; }
};

struct D14Square : D14Shape {
  int area() const override;
  int side = 3;
};

struct D14View {
  int version;
  long global, file_static, guarded, added;
  int area;
  std::string text, caught;
};

extern long d14_global;
extern int d14_shared;
extern std::atomic<bool> d14_go;

D14View d14_step(const D14Shape& shape, const std::vector<int>& list);
void d14_work();
bool d14_finished();
inline int d14_inline(int x) { return x + 1; }

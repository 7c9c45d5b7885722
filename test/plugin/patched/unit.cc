// The file that is patched: VERSION says which of its texts this is.
#include "unit.h"

#define VERSION 1

static int counter = 7;
int global_count = 100;
thread_local int of_thread = 5;
static thread_local int of_thread_and_file = 6;

#if VERSION >= 2
int added = 1000;
#endif

// Known to all of the module, and to nobody else.
__attribute__((visibility("hidden"))) int hidden_count = 500;

__attribute__((visibility("hidden"), noinline)) int hidden_step(int x) {
#if VERSION == 1
  hidden_count += 1;
#else
  hidden_count += 10;
#endif
  return x + hidden_count;
}

namespace {

class Derived : public Base {
 public:
  int work(int x) override {
#if VERSION == 1
    return x + 2;
#else
    return x + 20 + counter - counter;
#endif
  }
  std::string name = "derived";
};

struct Private {
  int code;
};

}  // namespace

Base::~Base() = default;
int Base::work(int x) { return x + 1; }

static std::string& name() {
  static std::string text = "first";
  return text;
}

static int& calls() {
  static int number = 0;
  return number;
}

__attribute__((noinline)) static int helper(int x) { return x + counter; }

int compute(int x) {
  counter++;
  global_count++;
  of_thread++;
  of_thread_and_file++;
  calls()++;
#if VERSION == 1
  return helper(x) * 2;
#else
  static int fresh = 40;
  fresh++;
  name() += "!";
  added++;
  return helper(x) * 1000 + fresh * (VERSION - 1);
#endif
}

State state() {
#if VERSION >= 2
  return {counter, global_count, of_thread, of_thread_and_file, calls(), added, name()};
#else
  return {counter, global_count, of_thread, of_thread_and_file, calls(), -1, name()};
#endif
}

Base* create() { return new Derived; }

int use(Base* base, int x) {
#if VERSION == 1
  return base->work(x);
#else
  Derived mine;
  return base->work(x) + mine.work(1000) * 100;
#endif
}

int recognise(Base* base) {
  const auto* derived = dynamic_cast<Derived*>(base);
  return derived ? int(derived->name.size()) * VERSION : -1;
}

void fail(int code) {
#if VERSION == 1
  throw Failure{code};
#else
  throw Failure{code + 100 * VERSION};
#endif
}

int guarded(int code) {
  try {
    if (code > 50) throw Private{code};
    fail(code);
  } catch (const Private& caught) {
    return -caught.code * VERSION;
  } catch (const Failure& caught) {
    return caught.code + VERSION;
  }
}

int (*pointer())(int) {
#if VERSION == 1
  return compute;
#else
  int (*const found)(int) = compute;
  return counter > -1 ? found : nullptr;
#endif
}

int step() { return hidden_step(1) * 10; }

const char* text() {
#if VERSION == 1
  return "one";
#else
  return "another";
#endif
}

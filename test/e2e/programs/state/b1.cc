#include "b1.h"

int b1_global = 100;
static int file_static = 200;
static int zero;
int B1Class::in_class = 400;

namespace {
int anonymous = 1000;
}

int b1_first_value() { return 300; }

B1View b1_step() {
  static int function_static = 250;
  static B1Counted guarded(b1_first_value());
  b1_global += 1;
  file_static += 1;
  zero += 1;
  anonymous += 1;
  function_static += 1;
  guarded.value += 1;
  B1Class::in_class += 1;
  B1Class::inline_in_class += 1;
  b1_inline += 1;
  B1Template<int>::value += 1;
  b1_template_function<int>() += 1;
  b1_inline_function() += 1;
  const int version = 1;
  return {&b1_global, &file_static, &function_static, &B1Class::in_class, &B1Class::inline_in_class, &b1_inline,
          &B1Template<int>::value, &b1_template_function<int>(), &b1_inline_function(), &zero, &anonymous, &guarded,
          version};
}

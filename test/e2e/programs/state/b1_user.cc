// Looks at the variables of b1.cc, and has its own view of what the header defines.
#include "b1.h"
#include "report.h"

int B1Counted::constructed, B1Counted::destroyed;

B1Counted::B1Counted(int from) : value(from) { constructed += 1; }

B1Counted::~B1Counted() { destroyed += 1; }

void run_b1(long) {
  const B1View view = b1_step();
  const struct {
    const char *value, *address;
    const int *variable;
  } variables[] = {
      {"B1.global", "B1.global_at", view.global},
      {"B1.file_static", "B1.file_static_at", view.file_static},
      {"B1.zero", "B1.zero_at", view.zero},
      {"B1.anonymous", "B1.anonymous_at", view.anonymous},
      {"B1.function_static", "B1.function_static_at", view.function_static},
      {"B1.guarded", "B1.guarded_at", &view.guarded->value},
      {"B1.in_class", "B1.in_class_at", view.in_class},
      {"B1.inline_in_class", "B1.inline_in_class_at", view.inline_in_class},
      {"B1.inline", "B1.inline_at", view.inline_variable},
      {"B1.template", "B1.template_at", view.template_static},
      {"B1.template_function", "B1.template_function_at", view.template_function},
      {"B1.inline_function", "B1.inline_function_at", view.inline_function},
  };
  for (const auto &variable : variables) {
    report_counted(variable.value, *variable.variable);
    report_address(variable.address, variable.variable);
  }
  report("B1.constructed", "%d %d", B1Counted::constructed, B1Counted::destroyed);
  report("B1.one_variable", "%d", view.global == &b1_global && view.inline_variable == &b1_inline &&
                                      view.inline_in_class == &B1Class::inline_in_class &&
                                      view.in_class == &B1Class::in_class &&
                                      view.template_static == &B1Template<int>::value &&
                                      view.template_function == &b1_template_function<int>() &&
                                      view.inline_function == &b1_inline_function());
  report("B1.version", "%d", view.version);
}

#pragma once

struct B1Counted {
  explicit B1Counted(int from);
  ~B1Counted();
  int value;
  static int constructed, destroyed;
};

struct B1Class {
  static int in_class;
  inline static int inline_in_class = 600;
};

inline int b1_inline = 500;

template <typename T>
struct B1Template {
  static T value;
};

template <typename T>
T B1Template<T>::value = 700;

template <typename T>
T &b1_template_function() {
  static T value = 800;
  return value;
}

inline int &b1_inline_function() {
  static int value = 900;
  return value;
}

extern int b1_global;

struct B1View {
  int *global, *file_static, *function_static, *in_class, *inline_in_class, *inline_variable, *template_static,
      *template_function, *inline_function, *zero, *anonymous;
  B1Counted *guarded;
  int version;
};

// Adds one to each variable.
B1View b1_step();
int b1_first_value();

// A C++ project whose files share templates and inline functions: a program, a static and a shared library.

const fileCount = 8;

const header = `
#pragma once
#include <vector>

template <class T> struct Stack {
  std::vector<T> items;
  void push(const T& item) { items.push_back(item); }
  T pop() {
    T item = items.back();
    items.pop_back();
    return item;
  }
  virtual ~Stack() {}
};

template <class T> T sum(const std::vector<T>& items) {
  T total{};
  for (const T& item : items) total += item;
  return total;
}

inline std::vector<int>& registry() {
  static std::vector<int> entries;
  return entries;
}

inline int next_number() {
  static int number = 0;
  return ++number;
}

static inline int twice(int x) { return x * 2; }
`;

// With an odd entry, the call through a pointer to a member function would take it for a slot of the virtual table.
function unit(index: number): string {
  return `#include "shared.h"
static int scale(int x) { return x + ${index}; }
__attribute__((cold)) int rare${index}(int x) { return twice(x) - ${index}; }
int run${index}() {
  Stack<int> numbers;
  void (Stack<int>::*volatile push)(const int&) = &Stack<int>::push;
  (numbers.*push)(next_number());
  registry().push_back(scale(numbers.pop()));
  if (registry().size() > 100) return rare${index}(1);
  return sum(std::vector<int>{scale(0), twice(${index})});
}
`;
}

const indices = Array.from({ length: fileCount }, (_, index) => index);
const sources = (from: number, to: number) =>
  indices
    .slice(from, to)
    .map((index) => `unit${index}.cc`)
    .join(" ");

/** What the program prints: the sum over all units, and the number of entries in the registry that they share. */
export const templateProgramOutput = `${indices.reduce((total, index) => total + 3 * index, 0)} ${fileCount}\n`;

export const templateProject: Readonly<Record<string, string>> = {
  "CMakeLists.txt": `cmake_minimum_required(VERSION 3.20)
project(templates CXX)
set(CMAKE_CXX_STANDARD 17)
add_library(in_archive STATIC ${sources(0, 3)})
add_library(in_library SHARED ${sources(3, 6)})
add_executable(app main.cc ${sources(6, fileCount)})
target_link_libraries(app PRIVATE in_archive in_library)
`,
  "shared.h": header,
  ...Object.fromEntries(indices.map((index) => [`unit${index}.cc`, unit(index)])),
  "main.cc": `#include "shared.h"
#include <cstdio>
${indices.map((index) => `int run${index}();`).join("\n")}
int main() {
  int total = 0;
${indices.map((index) => `  total += run${index}();`).join("\n")}
  std::printf("%d %zu\\n", total, registry().size());
}
`,
};

// A generated CMake project of any number of translation units: small classes that share one header with templates.

import type { Files } from "../e2e/workspace.js";

/** The unit that is edited. */
export const EDITED_UNIT = "unit_0.cc";

/** The text that an edit of the unit replaces; each version prints another value. */
export function version(number: number): string {
  return `const long version = ${number};`;
}

const header = `#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

template <typename T>
class Window {
 public:
  explicit Window(size_t size) : size_(size) {}

  void add(const T &value) {
    values_.push_back(value);
    if (values_.size() > size_) values_.erase(values_.begin());
  }

  T largest() const { return values_.empty() ? T() : *std::max_element(values_.begin(), values_.end()); }

  template <typename Function>
  auto each(Function function) const -> std::vector<decltype(function(T()))> {
    std::vector<decltype(function(T()))> results;
    for (const T &value : values_) results.push_back(function(value));
    return results;
  }

 private:
  size_t size_;
  std::vector<T> values_;
};

class Shape {
 public:
  virtual ~Shape() = default;
  virtual double area() const = 0;
  virtual std::string name() const = 0;
};

inline std::string join(const std::vector<std::string> &words, const std::string &between) {
  std::string joined;
  for (const std::string &word : words) joined += (joined.empty() ? "" : between) + word;
  return joined;
}
`;

function unit(number: number): string {
  return `#include "shared.h"

namespace {

class Box${number} : public Shape {
 public:
  Box${number}(double width, double height) : width_(width), height_(height) {}
  double area() const override { return width_ * height_; }
  std::string name() const override { return "box " + std::to_string(${number}); }

 private:
  double width_, height_;
};

struct Entry {
  std::string name;
  long weight;
};

std::map<std::string, Entry> &entries() {
  static std::map<std::string, Entry> all;
  return all;
}

long total_weight() {
  long total = 0;
  for (const auto &[name, entry] : entries()) total += entry.weight + long(name.size());
  return total;
}

void sort_entries(std::vector<Entry> &list) {
  std::sort(list.begin(), list.end(), [](const Entry &a, const Entry &b) {
    return a.weight != b.weight ? a.weight < b.weight : a.name < b.name;
  });
}

}  // namespace

long unit_${number}_value() {
  ${version(0)}
  return version;
}

std::string unit_${number}_describe(int count) {
  std::vector<std::unique_ptr<Shape>> shapes;
  for (int i = 0; i < count; i++) shapes.push_back(std::make_unique<Box${number}>(i, ${number} + 1));
  Window<double> areas(8);
  std::vector<std::string> names;
  for (const auto &shape : shapes) {
    areas.add(shape->area());
    names.push_back(shape->name());
  }
  std::vector<Entry> list;
  for (const std::string &name : names) list.push_back({name, long(areas.largest())});
  sort_entries(list);
  for (const Entry &entry : list) entries()[entry.name] = entry;
  const auto rounded = areas.each([](double area) { return std::to_string(long(area)); });
  return join(names, ", ") + ": " + join(rounded, " ") + " " + std::to_string(total_weight());
}
`;
}

/** Polls the edited function all the time, and prints its result when it changes. */
function main(units: number): string {
  const numbers = Array.from({ length: units }, (_, number) => number);
  return `#include <stdio.h>
#include <unistd.h>

#include <string>
#include <thread>

long unit_0_value();
${numbers.map((number) => `std::string unit_${number}_describe(int count);`).join("\n")}

static void poll() {
  for (long last = -1;;) {
    const long now = unit_0_value();
    if (now != last) {
      printf("value %ld\\n", now);
      fflush(stdout);
      last = now;
    }
    usleep(200);
  }
}

int main() {
  alarm(7200);
  size_t length = 0;
${numbers.map((number) => `  length += unit_${number}_describe(3).size();`).join("\n")}
  printf("described %zu\\n", length);
  fflush(stdout);
  std::thread(poll).join();
}
`;
}

export function syntheticProject(units: number): Files {
  const numbers = Array.from({ length: units }, (_, number) => number);
  return {
    "CMakeLists.txt": `cmake_minimum_required(VERSION 3.16)
project(synthetic CXX)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
find_package(Threads REQUIRED)
add_executable(synthetic main.cc ${numbers.map((number) => `unit_${number}.cc`).join(" ")})
target_link_libraries(synthetic PRIVATE Threads::Threads)
`,
    "shared.h": header,
    "main.cc": main(units),
    ...Object.fromEntries(numbers.map((number) => [`unit_${number}.cc`, unit(number)])),
  };
}

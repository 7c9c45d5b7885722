#pragma once

#include <memory>
#include <string>
#include <vector>

struct A17Animal {
  virtual ~A17Animal();
  virtual std::string sound() const = 0;
};

struct A17Dog : A17Animal {
  std::string sound() const override;
};

template <typename T>
struct A17Pile {
  std::vector<T> items;
  T top() const { return items.empty() ? T() : items.back(); }
  static int made;
};

template <typename T>
int A17Pile<T>::made = 0;

void a17_fill(std::vector<std::unique_ptr<A17Animal>> &animals);
std::string a17_describe(int n);

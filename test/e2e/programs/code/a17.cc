#include "a17.h"

// place for includes

A17Animal::~A17Animal() {}

std::string A17Dog::sound() const { return "woof"; }

// place for new code

void a17_fill(std::vector<std::unique_ptr<A17Animal>> &animals) {
  if (animals.empty()) animals.push_back(std::make_unique<A17Dog>());
}

std::string a17_describe(int n) {
  return "old";
}

#include "a17.h"
#include "report.h"

void run_a17() {
  static auto *animals = new std::vector<std::unique_ptr<A17Animal>>;
  a17_fill(*animals);
  std::string sounds;
  for (const auto &animal : *animals) sounds += (sounds.empty() ? "" : ",") + animal->sound();
  report("A17.animals", "%s", sounds.c_str());
  report("A17.describe", "%s", a17_describe(3).c_str());
}

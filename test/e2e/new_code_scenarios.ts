// Scenario A17: code that was not there before. The rows are run by code.test.ts.

import { bothShow } from "./both_modules.js";
import type { Program } from "./program.js";
import type { Scenario } from "./scenario_suite.js";

const newFunction: Scenario = {
  row: "A17",
  name: "new functions are called, by new code and by the next patch",
  async run(program) {
    await bothShow(program, { "A17.describe": "old", "A17.animals": "woof" });
    await newCode(
      program,
      "static int doubled(int n) { return n * 2; }\n\nint a17_new(int n) { return doubled(n) + 1; }\n",
      "new@a17_new(n)",
    );
    await bothShow(program, { "A17.describe": "new_7" });
    program.edit("a17.cc", "return doubled(n) + 1;", "return doubled(n) + 2;");
    await program.hot();
    await bothShow(program, { "A17.describe": "new_8" });
  },
};

const newClass: Scenario = {
  row: "A17",
  name: "a new class with virtual functions joins the objects that exist",
  async run(program) {
    await bothShow(program, { "A17.animals": "woof" });
    program.edit(
      "a17.cc",
      "// place for new code\n",
      `struct A17Cat : A17Animal {
  explicit A17Cat(int lives) : lives(lives) {}
  std::string sound() const override { return purr() + std::to_string(lives); }
  virtual std::string purr() const { return "meow"; }
  int lives;
};

// place for new code
`,
    );
    await program.hotOrUnchanged(); // nothing uses it yet: nothing to do, or hot where the compiler emits it all the same
    program.edit(
      "a17.cc",
      "animals.push_back(std::make_unique<A17Dog>());\n",
      `animals.push_back(std::make_unique<A17Dog>());
  if (animals.size() == 1) animals.push_back(std::make_unique<A17Cat>(9));
`,
    );
    await program.hot(/a17_fill/);
    await bothShow(program, { "A17.animals": "woof,meow9" });
    program.edit("a17.cc", 'return "meow";', 'return "purr";');
    await program.hot(/A17Cat::purr/);
    await bothShow(program, { "A17.animals": "woof,purr9" });
    // The class came with an earlier patch: its type is still the same one.
    program.edit(
      "a17.cc",
      "push_back(std::make_unique<A17Cat>(9));\n",
      `push_back(std::make_unique<A17Cat>(9));
  for (const auto &animal : animals)
    if (auto *cat = dynamic_cast<A17Cat *>(animal.get())) cat->lives = 8;
`,
    );
    await program.hot(/a17_fill/);
    await bothShow(program, { "A17.animals": "woof,purr8" });
  },
};

const newInstance: Scenario = {
  row: "A17",
  name: "new template instances, of the project and of the standard library",
  async run(program) {
    program.edit("a17.cc", "// place for includes", "#include <map>\n// place for includes");
    await program.unchanged();
    await newCode(
      program,
      `static int pile(int n) {
  A17Pile<double> numbers;
  A17Pile<std::string> words;
  std::map<std::string, long> lengths;
  for (int i = 0; i < n; i++) {
    numbers.items.push_back(i + 0.5);
    words.items.push_back(std::string(40 + i, 'x'));
    lengths[words.top()] = i;
  }
  return int(numbers.top() * 1000) + int(words.top().size()) + int(lengths.size());
}
`,
      "pile@pile(n)",
    );
    await bothShow(program, { "A17.describe": "pile_2545" });
  },
};

const newLibraryCall: Scenario = {
  row: "A17",
  name: "functions of libc and libstdc++ are called that nothing called before",
  async run(program) {
    program.edit("a17.cc", "// place for includes", "#include <fnmatch.h>\n#include <sstream>\n// place for includes");
    await program.unchanged();
    await newCode(
      program,
      `static int library(int n) {
  std::ostringstream stream;
  stream << n << ' ' << 1.5 << ' ' << std::hex << 255;
  return fnmatch("3*[a-f]", stream.str().c_str(), 0) == 0 ? int(stream.str().size()) : -1;
}
`,
      "stream@library(n)",
    );
    await bothShow(program, { "A17.describe": "stream_8" });
  },
};

/** Adds code to a17.cc, and lets a17_describe return "NAME " and the value of the expression: "NAME@EXPRESSION". */
async function newCode(program: Program, code: string, call: string): Promise<void> {
  const [name, expression] = call.split("@");
  const text = program.workspace.read("a17.cc").replace("// place for new code\n", `${code}\n// place for new code\n`);
  const described = `a17_describe(int n) {\n  return "${name} " + std::to_string(${expression});\n}\n`;
  program.save("a17.cc", text.replace(/a17_describe\(int n\) \{[^}]*\}\n/, described));
  await program.hot(/a17_describe/);
}

export const newCodeScenarios: readonly Scenario[] = [newFunction, newClass, newInstance, newLibraryCall];

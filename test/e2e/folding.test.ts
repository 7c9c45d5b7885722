// Scenario A25 with lld: --icf=all of a project is turned off, and where it cannot be, what was folded is refused.

import assert from "node:assert/strict";
import { suite } from "uvu";
import { chosenConfigurations, isRowChosen } from "./configurations.js";
import type { Program } from "./program.js";
import { testProgram } from "./single_programs.js";

const test = suite("folding");

/** The project asks for it, and HotReload.cmake has the last word. */
async function staysApart(program: Program): Promise<void> {
  await program.shows({ values: "4_4_3" });
  program.edit("folding.cc", "int first(int x) { return x * 3 + 1; }", "int first(int x) { return x * 4 + 1; }");
  const hot = await program.hot(/first/);
  assert.deepEqual(hot.functions, ["first"]);
  await program.shows({ values: "5_4_3" });
}

/** The linker got it behind all other options, so that both functions are one. */
async function isRefused(program: Program): Promise<void> {
  await program.shows({ values: "4_4_3" });
  program.edit("folding.cc", "int first(int x) { return x * 3 + 1; }", "int first(int x) { return x * 4 + 1; }");
  const { reasons } = await program.restartNeeded();
  assert.equal(reasons[0]?.code, "E_FUNCTION", JSON.stringify(reasons));
  assert.match(reasons[0]?.message ?? "", /first.* shares its code with second.* \(identical code was folded\)/);
  assert.ok(reasons[0]?.file?.endsWith("folding.cc") && reasons[0]?.line === 1, JSON.stringify(reasons));
  program.edit("folding.cc", "x * 4 + 1", "x * 3 + 1");
  await program.unchanged();
  program.edit("folding.cc", "return x * 5 - 2;", "return x * 5 - 3;");
  await program.hot(/third/);
  await program.shows({ values: "4_4_2" });
}

const variants = [
  {
    name: "lld, --icf=all is turned off",
    options: "CMAKE_EXE_LINKER_FLAGS",
    levels: ["gcc -O2", "clang -O0"],
    use: staysApart,
  },
  {
    name: "lld --icf=all, refused",
    options: "CMAKE_CXX_STANDARD_LIBRARIES",
    levels: ["gcc -O0", "clang -O2"],
    use: isRefused,
  },
];

for (const { name, options, levels, use } of variants) {
  for (const configuration of chosenConfigurations(["A25"]).filter((one) => levels.includes(one.name))) {
    if (!isRowChosen("A25")) continue;
    const define = { CMAKE_EXE_LINKER_FLAGS: "-fuse-ld=lld", [options]: "-fuse-ld=lld -Wl,--icf=all" };
    testProgram(
      test,
      { subject: "folding", row: "A25", name, configuration, program: "folding", options: { define } },
      use,
    );
  }
}

test.run();

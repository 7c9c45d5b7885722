// Scenario D13: linkers, flags, levels and standards. One project of files that share templates and inline functions.

import { suite } from "uvu";
import { chosenConfigurations, isRowChosen } from "./configurations.js";
import type { Program } from "./program.js";
import { testProgram } from "./single_programs.js";

interface Variant {
  /** What is special, in words of the row. */
  readonly what: string;
  /** The column of the table that it is told in. */
  readonly level: "-O0" | "-O2";
  /** Replaces `level` in the flags. */
  readonly flags?: string;
  readonly linker?: string;
  readonly standard?: string;
}

const variants: readonly Variant[] = [
  { what: "lld, -std=c++20", level: "-O0", linker: "lld", standard: "20" },
  { what: "mold, -no-pie", level: "-O0", linker: "mold", flags: "-O0 -no-pie" },
  { what: "bfd, -fcf-protection=full, -Og", level: "-O0", linker: "bfd", flags: "-Og -fcf-protection=full" },
  { what: "bfd, -no-pie, -O3", level: "-O2", linker: "bfd", flags: "-O3 -no-pie" },
  { what: "mold, -O2, -std=c++20", level: "-O2", linker: "mold", standard: "20" },
  { what: "lld, -fcf-protection=full, -Os", level: "-O2", linker: "lld", flags: "-Os -fcf-protection=full" },
];

/** g++ before 14 and gold: see builds_refused.test.ts. */
const ofClang: readonly Variant[] = [{ what: "gold, -O3", level: "-O2", linker: "gold", flags: "-O3" }];

const test = suite("builds linkers");

function run(
  compiler: string,
  { what, level, flags = level, linker, standard }: Variant,
  program: string,
  use: (program: Program) => Promise<void>,
): void {
  const configuration = chosenConfigurations().find(({ name }) => name === `${compiler} ${level}`);
  if (!configuration || !isRowChosen("D13")) return;
  const define = {
    CMAKE_C_FLAGS: flags,
    CMAKE_CXX_FLAGS: flags,
    ...(linker === undefined ? {} : linkerFlags(linker, flags.includes("-no-pie"))),
    ...(standard === undefined ? {} : { CMAKE_CXX_STANDARD: standard }),
  };
  testProgram(
    test,
    { subject: "builds linkers", row: "D13", name: what, configuration, program, options: { define } },
    use,
  );
}

function linkerFlags(linker: string, fixed: boolean): Readonly<Record<string, string>> {
  const option = `-fuse-ld=${linker}`;
  return {
    CMAKE_EXE_LINKER_FLAGS: fixed ? `${option} -no-pie` : option,
    CMAKE_SHARED_LINKER_FLAGS: option,
  };
}

/** Shared inline functions, templates, local functions, a shared library and a file in C. */
async function editsOfMany(program: Program): Promise<void> {
  const counts = { one: "from_1", four: "from_1", "own.count": "from_1001" };
  const parts = (inline: number, factor: number, totals: number) =>
    [1, 2, 3, 4].reduce((sum, number) => sum + inline + number + factor * number + totals + 1, 0);
  await program.shows({ ...counts, parts: String(parts(100, 2, 6)), own: "6", c: "20" });
  program.edit("shared.h", "return x + 100 +", "return x + 200 +");
  await program.hot();
  await program.shows({ ...counts, parts: String(parts(200, 2, 6)) });
  program.edit("shared.h", "return sum * 1;", "return sum * 2;");
  await program.hot();
  await program.shows({ ...counts, parts: String(parts(200, 2, 12)) });
  program.edit("own.cc", "return 5 * 1;", "return 5 * 2;");
  await program.hot();
  await program.shows({ ...counts, own: "11" });
  program.edit("c_part.c", "pick(x) * 10", "pick(x) * 20");
  await program.hot(/c_part/);
  await program.shows({ ...counts, c: "40" });
  program.edit("shared.h", "return Number + 0;", "return Number * 2;");
  await program.hot();
  await program.shows({ ...counts, parts: String(parts(200, 4, 12)) });
}

async function editsOfC(program: Program): Promise<void> {
  const count = { "shelf.count": "from_21" };
  await program.shows({ ...count, shelf: "9", doubled: "8" });
  program.edit("shelf.c", "[0] + 1;", "[0] + 2;");
  await program.hot(/shelf/);
  await program.shows({ ...count, shelf: "10" });
  program.edit("shelf.h", "return x * 2;", "return x * 3;");
  await program.hot();
  await program.shows({ ...count, shelf: "14", doubled: "12" });
}

for (const compiler of ["gcc", "clang"]) {
  for (const variant of compiler === "clang" ? [...variants, ...ofClang] : variants)
    run(compiler, variant, "many", editsOfMany);
  for (const level of ["-O0", "-O2"] as const) run(compiler, { what: `C only, ${level}`, level }, "plain", editsOfC);
}

test.run();

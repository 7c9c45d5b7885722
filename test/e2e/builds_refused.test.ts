// Scenario D15, and gold of D13: what cannot be reloaded is refused when `hotreload dev` starts, in one sentence.

import assert from "node:assert/strict";
import { suite } from "uvu";
import { Changes } from "./changes.js";
import { chosenConfigurations, isRowChosen } from "./configurations.js";
import { DevServer } from "./dev_server.js";
import { record } from "./results.js";
import { Workspace } from "./workspace.js";

interface Refusal {
  readonly row: "D13" | "D15";
  readonly what: string;
  readonly define?: Readonly<Record<string, string>>;
  /** Added to CMakeLists.txt. */
  readonly lists?: string;
  readonly code: "E_REFUSED" | "E_STRIPPED";
  readonly message: RegExp;
}

const refusals: readonly Refusal[] = [
  {
    row: "D15",
    what: "link-time optimisation",
    define: { CMAKE_INTERPROCEDURAL_OPTIMIZATION: "ON" },
    code: "E_REFUSED",
    message:
      /^target refused is built with link-time optimisation \(INTERPROCEDURAL_OPTIMIZATION\), .*; turn it off\.$/,
  },
  {
    row: "D15",
    what: "-flto",
    lists: "target_compile_options(refused PRIVATE -flto)",
    code: "E_REFUSED",
    message: /^target refused is built with link-time optimisation \(-flto\), .*; turn it off\.$/,
  },
  {
    row: "D15",
    what: "stripped by the linker",
    define: { CMAKE_EXE_LINKER_FLAGS: "-s" },
    code: "E_REFUSED",
    message: /^target refused is stripped when it is linked \(-s\), .*; leave the symbols in\.$/,
  },
  {
    row: "D15",
    what: "stripped after the link",
    lists: 'add_custom_command(TARGET refused POST_BUILD COMMAND strip "$<TARGET_FILE:refused>")',
    code: "E_STRIPPED",
    message: /^has no symbol table: it was stripped$/,
  },
  {
    row: "D15",
    what: "static-pie",
    lists: "target_link_options(refused PRIVATE -static-pie)",
    code: "E_REFUSED",
    message: /^program refused is linked statically \(-static-pie\), .*; link it dynamically\.$/,
  },
  {
    row: "D15",
    what: "fully static",
    define: { CMAKE_EXE_LINKER_FLAGS: "-static" },
    code: "E_REFUSED",
    message: /^program refused is linked statically \(-static\), .*; link it dynamically\.$/,
  },
];

const gold: Refusal = {
  row: "D13",
  what: "gold with g++ before 14",
  define: { CMAKE_EXE_LINKER_FLAGS: "-fuse-ld=gold" },
  code: "E_REFUSED",
  message: /^target refused is linked by gold, which cannot link .*; use another linker, -fuse-ld=bfd for instance\.$/,
};

const lists = `cmake_minimum_required(VERSION 3.16)
project(refused CXX)
add_executable(refused main.cc)
`;

const test = suite("builds refused");

for (const configuration of chosenConfigurations()) {
  for (const refusal of configuration.name === "gcc -O2" ? [...refusals, gold] : refusals) {
    const { row, what, code, message } = refusal;
    if (!isRowChosen(row)) continue;
    test(`${row} ${configuration.name}: ${what}`, async () => {
      const workspace = new Workspace({
        "CMakeLists.txt": `${lists}${refusal.lists ?? ""}\n`,
        "main.cc": "int main() { return 0; }\n",
      });
      let outcome: "passed" | "failed" = "failed";
      const changes = new Changes();
      const server = new DevServer(
        {
          directory: workspace.directory,
          build: workspace.path("build"),
          define: { ...configuration.define, ...refusal.define },
          logs: workspace.root,
        },
        changes,
        () => {},
      );
      try {
        assert.equal(await server.exited(), 1);
        const said = server.messages.map((each) => (each.type === "error" ? [each.code, each.message] : [each.type]));
        assert.equal(said.length, 1, JSON.stringify(server.messages));
        assert.equal(said[0]?.[0], code, JSON.stringify(said));
        assert.match(said[0]?.[1] ?? "", message);
        workspace.dispose();
        outcome = "passed";
      } catch (error) {
        console.error(`\nkept: ${workspace.root}`);
        throw error;
      } finally {
        const about = { row, configuration: configuration.name, level: "executable", test: what } as const;
        record("builds refused", { ...about, outcome, verdicts: outcome === "passed" ? ["error"] : [] });
      }
    });
  }
}

test.run();

// What ninja itself says about the manifests that CMake wrote for real projects: all of it, in its order.
import { join } from "node:path";
import { suite } from "uvu";
import { smallProject } from "../graph/small_project.js";
import { type ConfiguredProject, configureProject } from "../projects/configured_project.js";
import { leveldbProject, re2Project, sqliteProject } from "../projects/sources.js";
import { Agreement } from "./agreement.js";

interface Project {
  readonly name: string;
  readonly configure: () => Promise<ConfiguredProject>;
  /** Those of which commands and inputs are compared, beside `all`. */
  readonly targets: readonly string[];
}

const projects: readonly Project[] = [
  {
    name: "one of everything",
    configure: smallProject,
    targets: ["app", "libversioned.so.1.2", "libplugin.so", "tool/tool"],
  },
  {
    name: "RE2 and Abseil, with their tests",
    configure: () => configureProject(re2Project(), { define: { WITH_TESTS: "ON" } }),
    targets: ["search", "re2/libre2.a", "bin/absl_flags_usage_test", "re2/exhaustive_test"],
  },
  {
    name: "LevelDB",
    configure: () => {
      const define = { LEVELDB_SOURCE: (sources: string) => join(sources, "leveldb") };
      return configureProject(leveldbProject(), { project: "example", define });
    },
    targets: ["store", "libleveldb.a"],
  },
  { name: "SQLite", configure: () => configureProject(sqliteProject()), targets: ["table", "libsqlite3.a"] },
];

for (const { name, configure, targets } of projects) {
  const test = suite(`against ninja: ${name}`);
  let agreement: Agreement;

  test.before(async () => {
    agreement = new Agreement(await configure());
  });

  test("ninja -t targets all lists the same outputs with the same rules in the same order", () => {
    agreement.onTargets();
  });

  test("ninja -t targets depth 1 lists the same roots", () => {
    agreement.onRoots();
  });

  test("ninja -t compdb has the same commands", () => {
    agreement.onCommands();
  });

  test("ninja -t commands and -t inputs tell the same of each target", () => {
    for (const target of [...targets, "all"]) {
      agreement.onCommandsOf(target);
      agreement.onInputsOf(target);
    }
  });

  test.run();
}

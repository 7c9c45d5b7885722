// The core of the addon alone, without Node: its C++ tests.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import { packageRoot } from "../../plugin/package_root.js";

function run(command: string, args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 26 });
  assert.equal(status, 0, `${command} ${args.join(" ")}\n${stdout}\n${stderr}`);
}

/** Where scripts/setup.sh built the addon: its core is compiled there already. */
function buildDirectory(): string {
  const staging = join(packageRoot(), "plugin/elf/staging");
  const name = `-${process.versions.modules}-Release`;
  const found = readdirSync(staging, { encoding: "utf8", recursive: true }).find((path) => path.endsWith(name));
  assert.ok(found, `no ${name} in ${staging}`);
  return join(staging, found);
}

test("the tests of the core pass", () => {
  const build = buildDirectory();
  run("ninja", ["-C", build, "hotreload_elf_core_test"]);
  run(join(build, "hotreload_elf_core_test"), []);
});

test.run();

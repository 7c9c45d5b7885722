// The core of the addon alone, without Node: its C++ tests.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import { packageRoot } from "../../plugin/package_root.js";

function run(command: string, args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 26 });
  assert.equal(status, 0, `${command} ${args.join(" ")}\n${stdout}\n${stderr}`);
}

test("the tests of the core pass", () => {
  const build = mkdtempSync(join(tmpdir(), "hotreload-elf-core-"));
  run("cmake", ["-S", join(packageRoot(), "plugin/elf"), "-B", build, "-G", "Ninja"]);
  run("ninja", ["-C", build]);
  run(join(build, "hotreload_elf_core_test"), []);
  rmSync(build, { recursive: true });
});

test.run();

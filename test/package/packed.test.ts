// The package as npm would publish it: packed, installed into an empty directory, and used from there.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import { packageRoot } from "../../plugin/package_root.js";
import { Program } from "../e2e/program.js";
import { readTree } from "../e2e/workspace.js";

const folder = mkdtempSync(join(tmpdir(), "hotreload-packed-"));
const cli = join(folder, "node_modules/hotreload/dist/devserver/cli.js");

function run(command: string, args: readonly string[], directory: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: directory, encoding: "utf8" });
  assert.equal(status, 0, `${command} ${args.join(" ")}\n${stdout}\n${stderr}`);
  return stdout;
}

const test = suite("packed");

test.before(() => {
  run("npm", ["pack", "--ignore-scripts", "--pack-destination", folder], packageRoot());
  const archive = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  assert.ok(archive !== undefined);
  writeFileSync(join(folder, "package.json"), '{ "private": true }');
  run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", join(folder, archive)], folder);
});

test("npx finds the command, and it says where HotReload.cmake is", () => {
  const version = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")).version;
  assert.equal(run("npx", ["hotreload", "--version"], folder).trim(), version);
  const cmake = run("npx", ["hotreload", "cmake-dir"], folder).trim();
  assert.equal(cmake, join(folder, "node_modules/hotreload/cmake"));
  assert.ok(readdirSync(cmake).includes("HotReload.cmake"));
});

test("an example reloads under the installed package", async () => {
  process.env.HOTRELOAD_E2E_CLI = cli;
  const files = readTree(join(packageRoot(), "examples/counter"));
  const program = await Program.start(files);
  try {
    program.edit("counter.c", "return 1;", "return 100;");
    await program.hot(/step/);
    program.same();
    await program.quit();
  } catch (error) {
    await program.abandon(error);
    throw error;
  }
});

test.after(() => rmSync(folder, { recursive: true, force: true }));

test.run();

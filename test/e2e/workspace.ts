// A project in a fresh temporary directory, and the edits that a user makes in it.

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export type Files = Readonly<Record<string, string>>;

/** The repository. This file runs as dist/test/e2e/workspace.js. */
export const repository = fileURLToPath(new URL("../../../", import.meta.url));

/** The files of a test program: its own, the loop that all of them share, and others that it shares with some. */
export function readProgram(name: string, ...shared: readonly string[]): Files {
  const programs = path.join(repository, "test/e2e/programs");
  return Object.assign({}, ...["ticker", ...shared, name].map((part) => readTree(path.join(programs, part))));
}

/** All files below a directory as {path: text}. */
export function readTree(root: string): Files {
  const files: Record<string, string> = {};
  for (const entry of fs.readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    files[path.relative(root, file)] = fs.readFileSync(file, "utf8");
  }
  return files;
}

export class Workspace {
  /** Holds the project, and beside it the logs of the test. */
  readonly root: string;
  /** The project's source directory. */
  readonly directory: string;

  /** @param folder name of the project's directory */
  constructor(files: Files, folder = "project") {
    this.root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "hotreload-e2e-")));
    this.directory = path.join(this.root, folder);
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  path(name: string): string {
    return path.join(this.directory, name);
  }

  read(name: string): string {
    return fs.readFileSync(this.path(name), "utf8");
  }

  write(name: string, text: string): void {
    fs.mkdirSync(path.dirname(this.path(name)), { recursive: true });
    fs.writeFileSync(this.path(name), text);
  }

  exists(name: string): boolean {
    return fs.existsSync(this.path(name));
  }

  /** Replaces the one place where `from` occurs. */
  edit(name: string, from: string, to: string): void {
    const parts = this.read(name).split(from);
    assert.equal(parts.length, 2, `${name}: ${JSON.stringify(from)} occurs ${parts.length - 1} times, not once`);
    this.write(name, parts.join(to));
  }

  remove(name: string): void {
    fs.rmSync(this.path(name));
  }

  /** What `touch` does. */
  touch(name: string): void {
    const now = new Date();
    fs.utimesSync(this.path(name), now, now);
  }

  /** Object file names, without directories and ".o", with the time of their last change in ns. */
  objectTimes(build: string): Map<string, bigint> {
    const times = new Map<string, bigint>();
    for (const entry of fs.readdirSync(build, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith(".o") || !entry.parentPath.includes("CMakeFiles")) continue;
      if (entry.parentPath.includes(".hotreload")) continue;
      const file = path.join(entry.parentPath, entry.name);
      times.set(entry.name.slice(0, -".o".length), fs.statSync(file, { bigint: true }).mtimeNs);
    }
    return times;
  }

  dispose(): void {
    fs.rmSync(this.root, { recursive: true, force: true });
  }
}

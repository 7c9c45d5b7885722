// The disk is full while a patch is made, at whichever of its files: refused with a code, and made up for by the next save.
//
// The dev server has a small file system of its own for the patches, in a mount namespace (unshare).

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { suite } from "uvu";
import { allConfigurations } from "./configurations.js";
import { Program } from "./program.js";
import { readProgram } from "./workspace.js";

const test = suite("disk full");

const SIZE = 256 * 1024;
const BLOCK = 4096;

/** Runs a command with a small file system over a directory, which it makes. */
function small(directory: string): readonly string[] {
  fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
  const script = `mount -t tmpfs -o size=${SIZE},mode=700 tmpfs "$0" && exec "$@"`;
  const rights = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];
  return ["unshare", ...rights, "--mount", "sh", "-c", script, directory];
}

test("with any number of free blocks: the program goes on, and with room again it gets all that was saved", async () => {
  const program = await Program.start(readProgram("process"), {
    configuration: allConfigurations[0],
    target: "process",
    through: (_workspace, build) => small(path.join(build, ".hotreload/patches")),
  });
  try {
    await program.shows({ E3: "1", "E4.other": "5" });
    // As the dev server sees it.
    const patches = path.join(`/proc/${program.server.pid}/root`, program.build, ".hotreload/patches");
    const filler = path.join(patches, "filler");
    const text = program.workspace.read("e4.c");
    let value = 5;
    let refusals = 0;
    for (let free = 0; ; free++) {
      const { bavail } = fs.statfsSync(patches);
      fs.writeFileSync(filler, Buffer.alloc(Math.max(0, bavail - free) * BLOCK));
      value += 1;
      program.save("e4.c", text.replace("x + 5", `x + ${value}`));
      const verdict = await program.nextVerdict();
      fs.rmSync(filler);
      if (verdict.type === "hot") break;
      assert.ok(verdict.type === "error" && verdict.code === "E_DISK", JSON.stringify(verdict).slice(0, 2000));
      refusals += 1;
      await program.goesOn();
      assert.equal(program.log.value("E4.other"), "5");
      program.same();
    }
    assert.ok(refusals > 3, "several files were too much");
    await program.server.until("the last text", () =>
      program.log.value("E4.other") === String(value) ? true : undefined,
    );
    program.edit("e3.c", "return x + 1;", "return x + 2;");
    await program.hot(/e3_value/);
    await program.shows({ E3: "2", "E3.count": "from_11" });
    program.same();
    await program.quit();
  } catch (error) {
    await program.abandon(error);
    throw error;
  }
});

test.run();

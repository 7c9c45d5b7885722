// Dyndep files: what they hold, and what is wrong with those that ninja rejects.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { NinjaSyntaxError, parseDyndep } from "ninja-build-parser";
import { suite } from "uvu";
import { Space } from "../graph/space.js";

const test = suite("dyndep files");
const version = "ninja_dyndep_version = 1\n";

function reject(text: string): NinjaSyntaxError {
  try {
    parseDyndep("/build/out.dd", text);
  } catch (error) {
    if (error instanceof NinjaSyntaxError) return error;
    throw error;
  }
  throw new Error("the file was accepted");
}

test("a statement adds implicit inputs and outputs to an edge", () => {
  const text = `# from a scan\n${version}\nbuild ./a.o | a.pcm $\n  b.pcm: dyndep | ../c.pcm d$ e\n  restat = 1\nbuild f.o: dyndep\n`;
  assert.deepEqual(parseDyndep("/build/out.dd", text), [
    { output: "a.o", implicitOutputs: ["a.pcm", "b.pcm"], implicitInputs: ["../c.pcm", "d e"], restat: true },
    { output: "f.o", implicitOutputs: [], implicitInputs: [], restat: false },
  ]);
});

test("ninja rejects the same files, for the same reason in the same line", () => {
  const space = new Space({
    "build.ninja": "rule r\n  command = true\nbuild out other: r || out.dd\n  dyndep = out.dd\n",
  });
  const faults = [
    "",
    "build out: dyndep\n",
    "x = 1\n",
    "ninja_dyndep_version = 2\n",
    `${version}${version}`,
    `${version}rule r\n`,
    `${version}\tbuild out: dyndep\n`,
    `${version}build\n`,
    `${version}build out other: dyndep\n`,
    `${version}build out: phony\n`,
    `${version}build out: dyndep in\n`,
    `${version}build out: dyndep || in\n`,
    `${version}build out: dyndep |@ in\n`,
    `${version}build out: dyndep | $x\n`,
    `${version}build out: dyndep\n  other = 1\n`,
    `${version}build out: dyndep\n  restat = 1\n  restat = 1\n`,
    `${version}build out: dyndep`,
    `${version}build out: dyndep\nbuild out: dyndep\n`,
  ];
  for (const text of faults) {
    space.write("out.dd", text);
    const ninja = spawnSync("ninja", { cwd: space.path, encoding: "utf8" });
    const error = reject(text);
    const [said] = ninja.stderr.split("\n").filter((line) => line.startsWith("ninja: error:"));
    assert.equal(said, `ninja: error: out.dd:${error.line}: ${error.message}`, text);
  }
});

test.run();

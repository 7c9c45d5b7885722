// examples/orbit builds with both compilers, moves on while it runs, and ends cleanly.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Example, runToEnd, withExample } from "./example.js";

const sources = fileURLToPath(new URL("../../../examples/orbit/src", import.meta.url));

const lineFormat =
  /^tick=\d+ day=\d+\.\d days_per_tick=1\.0 bodies=6 energy=-\d\.\d{6}e-\d\d closest=\w+-\w+@\d\.\d{3}$/;

const tickOf = (line: string) => Number(/^tick=(\d+)/.exec(line)?.[1] ?? -1);

async function checkLines(example: Example): Promise<void> {
  const orbit = example.start("orbit");
  await orbit.waitForLine((line) => tickOf(line) >= 30);
  assert.equal(await orbit.stop("SIGTERM"), { code: 0, signal: null });
  assert.match(orbit.lines.pop() ?? "", /^ended at tick \d+$/);
  for (const line of orbit.lines) {
    assert.match(line, lineFormat);
  }
}

function checkPicture(example: Example): void {
  const command = `timeout -s INT 1.5 ${example.path("build", "orbit")} || true`;
  const screen = runToEnd("script", ["-qec", command, "/dev/null"]);
  assert.ok(screen.startsWith("\x1b[?25l"), "hides the cursor");
  assert.ok(screen.split("\x1b[23A").length > 10, "moves up to the start of the picture after each frame");
  assert.match(screen, /tick \d+ {3}day \d+ {3}1\.0 days a tick/);
  assert.match(screen.split("\x1b[?25h").at(-1) ?? "", /^\s*ended at tick \d+\s*$/);
}

for (const [compiler, buildType] of [
  ["g++", "Debug"],
  ["clang++", "Release"],
]) {
  test(`${compiler} ${buildType}: orbit prints lines, or on a terminal draws in place, and ends on a signal`, async () => {
    const args = [`-DCMAKE_CXX_COMPILER=${compiler}`, `-DCMAKE_BUILD_TYPE=${buildType}`];
    await withExample("orbit", args, async (example) => {
      await checkLines(example);
      checkPicture(example);
    });
  });
}

test("one line of the sources is marked for the demo", () => {
  const marked = readdirSync(sources).filter((name) => readFileSync(join(sources, name), "utf8").includes("EDIT ME"));
  assert.equal(marked, ["universe.cpp"]);
});

test.run();

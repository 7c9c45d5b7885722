// The runtime's test programs in C: as they are, and under AddressSanitizer and UndefinedBehaviorSanitizer.

import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import { packageRoot } from "../../plugin/package_root.js";
import { Scratch } from "../devserver/scratch.js";
import { buildPrograms, run } from "./programs.js";

const victims = ["gcc", "clang"].flatMap((compiler) =>
  ["O0", "O2"].flatMap((level) => ["none", "full"].map((mark) => `victim-${compiler}-${level}-${mark}.so`)),
);
const library = "victim-gcc-O2-none.so";

/** Program, arguments, and how many sentences it checks at least. */
const programs: readonly (readonly [string, readonly string[], number])[] = [
  ["apply", [], 30],
  ["connection", [], 20],
  ["crash", [], 6],
  ["entry", victims, 16],
  ["extent", [library], 4],
  ["handshake", [], 6],
  ["message", [], 10],
  ["modules", [`./${library}`], 4],
  ["pin", [library], 5],
  ["ranges", [], 8],
  ["redirect", ["1", library], 10],
  ["session", [], 11],
  ["socket", [], 4],
];

const flavours = [
  { flavour: "optimised", sanitize: false, scratch: new Scratch() },
  { flavour: "with sanitizers", sanitize: true, scratch: new Scratch() },
];
// Before the first suite: uvu begins to run suites once the file waits.
await Promise.all(flavours.map(({ sanitize, scratch }) => buildPrograms(scratch.path, sanitize)));

for (const { flavour, scratch } of flavours) {
  const test = suite(`programs ${flavour}`);

  for (const [name, args, least] of programs) {
    test(`${name} (${flavour})`, async () => {
      const ended = await run(join(scratch.path, `${name}_test`), args, { cwd: scratch.path });
      const lines = ended.stdout.split("\n");
      const report = `${ended.stdout}${ended.stderr}`;
      assert.deepEqual(
        lines.filter((line) => line.startsWith("not ok")),
        [],
        report,
      );
      assert.equal(ended.status, 0, report);
      assert.ok(lines.includes("done"), report);
      assert.ok(lines.filter((line) => line.startsWith("ok - ")).length >= least, report);
    });
  }

  test(`golden messages (${flavour})`, async () => {
    const file = join(packageRoot(), "test/devserver/protocol_messages.json");
    const golden = JSON.parse(readFileSync(file, "utf8")) as { direction: string; text: string }[];
    const ofAgent = golden.filter(({ direction }) => direction === "agent").map(({ text }) => text);
    const ofServer = golden.filter(({ direction }) => direction === "server").map(({ text }) => text);
    assert.equal(ofAgent.length + ofServer.length, golden.length);

    const program = join(scratch.path, "message_test");
    const encoded = await run(program, ["encode"]);
    assert.deepEqual(encoded.stdout.trimEnd().split("\n"), ofAgent);

    // A text frame may hold any white space; here a line is a message.
    const decoded = await run(program, ["decode"], { input: `${ofServer.join("\n")}\n` });
    assert.equal(decoded.status, 0, decoded.stderr);
    assert.deepEqual(
      decoded.stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
      ofServer.map((text) => JSON.parse(text)),
    );
  });

  test.run();
}

// What is rejected, with which words, and where the caret points. The words and lines are compared with ninja's own.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { NinjaSyntaxError, parseNinja } from "ninja-build-parser";
import { suite } from "uvu";
import { Space } from "../graph/space.js";
import { reject } from "./manifests.js";

const test = suite("syntax errors");
const rule = "rule r\n  command = c\n";

/** Manifest -> where and what. */
const faults: readonly (readonly [text: string, expected: string])[] = [
  ["\tx = 1\n", "1:1: tabs are not allowed, use spaces"],
  ["rule r\n  command = c\n\tdepfile = d\n", "3:1: tabs are not allowed, use spaces"],
  ["x 3\n", "1:3: expected '=', got identifier"],
  ["x = 3", "1:6: unexpected EOF"],
  ["x = $", "1:5: bad $-escape (literal $ must be written as $$)"],
  ["x = a$-b $%\n", "1:10: bad $-escape (literal $ must be written as $$)"],
  ["x = ${a\n", "1:5: bad $-escape (literal $ must be written as $$)"],
  ["x = a\rb\n", "1:6: lexing error"],
  ["# comment without an end", "1:1: lexing error"],
  ["  x = 1\n", "1:1: unexpected indent"],
  ["=\n", "1:1: unexpected '='"],
  ["rule\n", "1:5: expected rule name"],
  ["rule r x\n", "1:8: expected newline, got identifier"],
  ["rule r\n", "2:1: expected 'command =' line"],
  [`${rule}${rule}`, "3:7: duplicate rule 'r'"],
  ["rule r\n  comand = c\n", "2:13: unexpected variable 'comand'"],
  ["rule r\n  command = c\n  rspfile = x\n", "4:1: rspfile and rspfile_content need to be both specified"],
  ["build\n", "1:6: expected path"],
  ["build a\n", "1:8: expected ':', got newline ($ also escapes ':')"],
  ["build a:\n", "1:9: expected build command name"],
  ["build a: nothing\n", "1:10: unknown build rule 'nothing'"],
  [`${rule}build a: r $missing\n`, "4:1: empty path"],
  [`${rule}build a: r b | c : d\n`, "3:18: expected newline, got ':'"],
  [`${rule}build a: r b\n  x\n`, "4:4: expected '=', got newline"],
  [`${rule}build a: r b\n  pool = p\n`, "5:1: unknown pool name 'p'"],
  [`${rule}build a: r\nbuild a: r\n`, "5:1: multiple rules generate a"],
  ["pool p\n", "2:1: expected 'depth =' line"],
  ["pool p\n  depth = -1\n", "2:13: invalid pool depth"],
  ["pool p\n  width = 1\n", "2:12: unexpected variable 'width'"],
  ["pool console\n  depth = 1\n", "1:13: duplicate pool 'console'"],
  ["default\n", "1:8: expected target name"],
  ["default a\n", "1:10: unknown target 'a'"],
  ["build a: phony\ndefault a:\n", "2:10: expected newline, got ':'"],
  ["include missing.ninja\n", "1:22: loading 'missing.ninja': No such file or directory"],
];

function placed(error: NinjaSyntaxError): string {
  return `${error.line}:${error.column}: ${error.message}`;
}

test("each fault is named and located", () => {
  const found = faults.map(([text]) => [text, placed(reject(text))]);
  assert.deepEqual(found, faults);
});

test("ninja finds the same faults in the same lines, with its caret in the same column", () => {
  const space = new Space();
  for (const [text] of faults) {
    const error = reject(text);
    space.write("build.ninja", text);
    const ninja = spawnSync("ninja", ["-t", "targets"], { cwd: space.path, encoding: "utf8" });
    const [first, ...rest] = ninja.stderr.split("\n");
    // ninja 1.13 knows where it loads a file from, 1.11 adds a hint about duplicates.
    assert.equal(first?.replace(" [-w dupbuild=err]", ""), `ninja: error: build.ninja:${error.line}: ${error.message}`);
    const caret = rest.find((line) => /^ *\^ near here$/.test(line));
    if (caret) assert.equal(caret.indexOf("^") + 1, error.column, text);
  }
});

test("the excerpt shows the line and a caret below the fault", () => {
  const error = reject(`${rule}build a: nothing b\n`);
  assert.equal(error.excerpt, "build a: nothing b\n         ^ near here");
  assert.equal(error.code, "E_NINJA_SYNTAX");
  assert.equal(
    String(error),
    "/build/build.ninja:3:10: unknown build rule 'nothing'\nbuild a: nothing b\n         ^ near here",
  );
});

test("of a long line the excerpt shows the part around the fault", () => {
  const error = reject(`${rule}build ${"long/".repeat(100)}a: nothing ${"more ".repeat(100)}\n`);
  const [line, caret] = error.excerpt.split("\n");
  assert.ok(line && caret && line.length < 80);
  assert.ok(line.startsWith("...") && line.endsWith("..."));
  assert.ok(line.slice(caret.indexOf("^")).startsWith("nothing"));
});

test("columns count bytes, the caret counts characters", () => {
  const error = reject("build größe: nothing\n");
  assert.equal(error.column, 16);
  assert.equal(error.excerpt, "build größe: nothing\n             ^ near here");
});

test("a fault in an included file is located in that file", () => {
  const error = reject("include a.ninja\n", { "a.ninja": "x = 1\ny\n" });
  assert.equal(`${error.file}:${placed(error)}`, "/build/a.ninja:2:2: expected '=', got newline");
});

test("a file that includes itself is an error, not a crash", () => {
  const error = reject("include a.ninja\n", { "a.ninja": "subninja build.ninja\n" });
  assert.equal(error.message, "loading 'build.ninja': the file includes itself");
  assert.equal(error.file, "/build/a.ninja");
});

test("a manifest that cannot be read is an error of the same kind", () => {
  assert.throws(
    () => parseNinja("/nowhere/build.ninja"),
    (error) => {
      return error instanceof NinjaSyntaxError && error.message.includes("ENOENT");
    },
  );
});

test.run();

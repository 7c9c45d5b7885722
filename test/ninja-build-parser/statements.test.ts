// What each statement of a manifest comes to.
import assert from "node:assert/strict";
import { canonicalPath } from "ninja-build-parser";
import { suite } from "uvu";
import { copyRule, parse } from "./manifests.js";

const test = suite("statements");

test("a build statement sorts its files by how they are marked", () => {
  const { edges } = parse(`${copyRule}build a b | c: copy d e | f g || h |@ i\n`);
  const edge = edges[0];
  assert.ok(edge);
  assert.deepEqual(edge.outputs, ["a", "b"]);
  assert.deepEqual(edge.implicitOutputs, ["c"]);
  assert.deepEqual(edge.inputs, ["d", "e"]);
  assert.deepEqual(edge.implicitInputs, ["f", "g"]);
  assert.deepEqual(edge.orderOnlyInputs, ["h"]);
  assert.deepEqual(edge.validations, ["i"]);
  assert.equal(edge.rule, "copy");
  assert.equal(edge.isPhony, false);
  assert.equal(`${edge.file}:${edge.line}`, "/build/build.ninja:3");
});

test("an edge may have implicit outputs only, and no inputs", () => {
  const { edges, producers } = parse(`${copyRule}build | a: copy\n`);
  assert.deepEqual(edges[0]?.outputs, []);
  assert.deepEqual(edges[0]?.inputs, []);
  assert.equal(producers.get("a"), edges[0]);
});

test("names may be keywords, and keywords may begin names", () => {
  const { edges } = parse("rule build\n  command = x\nbuilder = 1\nbuild default: build pool || rule\n");
  assert.deepEqual(edges[0]?.outputs, ["default"]);
  assert.equal(edges[0]?.rule, "build");
});

test("pools have their depth, the console among them", () => {
  const { pools } = parse("n = 4\npool link\n  depth = $n\npool any\n  depth = 0\n");
  assert.deepEqual(Object.fromEntries(pools), { console: 1, link: 4, any: 0 });
});

test("default targets are gathered from all statements", () => {
  const { defaults } = parse("build a b c: phony\ndefault a ./b\ndefault c\n");
  assert.deepEqual(defaults, ["a", "b", "c"]);
});

test("a default target may be a file that no edge makes", () => {
  assert.deepEqual(parse("build a: phony b | c || d |@ e\ndefault b c d e\n").defaults, ["b", "c", "d", "e"]);
});

test("the required version is a variable like any other", () => {
  assert.equal(parse("ninja_required_version = 1.5\n").variables.get("ninja_required_version"), "1.5");
});

test("comments and empty lines may stand between the lines of a statement", () => {
  const text = "# one\nrule r\n  # two\n\n";
  assert.throws(() => parse(text)); // an empty line ends the rule, which has no command
  const { edges } = parse("# one\nrule r\n    # two\n  command = x # not a comment\nbuild a: r\n");
  assert.equal(edges[0]?.get("command"), "x # not a comment");
});

test("lines may end in CR LF, also those that are continued", () => {
  const text =
    "x = a $\r\n    b\r\nrule r\r\n  command = $x\r\n# c\r\n\r\nbuild o: r $\r\n  i\r\n  y = 1\r\nbuild p: r\r\n";
  const { edges, variables } = parse(text);
  assert.equal(variables.get("x"), "a b");
  assert.deepEqual(edges[0]?.inputs, ["i"]);
  assert.equal(edges[0]?.get("y"), "1");
  assert.equal(edges[1]?.line, 10);
});

test("a phony edge that names itself loses that input, as in ninja", () => {
  const { edges } = parse("build a: phony a b\n");
  assert.deepEqual(edges[0]?.inputs, ["b"]);
  assert.equal(edges[0]?.isPhony, true);
});

test("a dyndep file must be one of the inputs", () => {
  const { edges } = parse(`${copyRule}build a: copy b || ./c.dd\n  dyndep = ./c.dd\n`);
  assert.equal(edges[0]?.get("dyndep"), "./c.dd");
  assert.throws(() => parse(`${copyRule}build a: copy b\n  dyndep = c.dd\n`), /dyndep 'c.dd' is not an input/);
});

test("the manifest lists all files that it was read from", () => {
  const { files } = parse("include rules/a.ninja\nsubninja b.ninja\n", { "rules/a.ninja": "", "b.ninja": "" });
  assert.deepEqual(files, ["/build/build.ninja", "/build/rules/a.ninja", "/build/b.ninja"]);
});

test("paths are spelled the one way of ninja", () => {
  const spellings: Record<string, string> = {
    "": "",
    ".": ".",
    "./": ".",
    "a/": "a",
    "./a/./b": "a/b",
    "a//b": "a/b",
    "a/../b": "b",
    "a/..": ".",
    "../a/../../b": "../../b",
    "..": "..",
    "a/.hidden/..b/c..": "a/.hidden/..b/c..",
    "...": "...",
    "/a/../b": "/b",
    "/..": "/",
    "/": "/",
    "//a": "/a",
  };
  for (const [path, canonical] of Object.entries(spellings)) assert.equal(canonicalPath(path), canonical, path);
});

test.run();

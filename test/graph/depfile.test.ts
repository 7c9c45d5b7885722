// Depfiles as compilers and scripts write them.
import assert from "node:assert/strict";
import { suite } from "uvu";
import { parseDepfile } from "../../plugin/graph/depfile.js";

const test = suite("depfile");

test("the inputs follow the colon, over continued lines", () => {
  assert.deepEqual(parseDepfile("a.o: a.c \\\n  b.h \\\r\n /c/d.h\n"), ["a.c", "b.h", "/c/d.h"]);
});

test("escaped spaces, hashes and dollars belong to the name", () => {
  assert.deepEqual(parseDepfile("a\\ b.o: c\\ d\\#e.h f$$g.h h\\i.h\n"), ["c d#e.h", "f$g.h", "h\\i.h"]);
});

test("several rules are gathered, phony ones for headers (-MP) change nothing", () => {
  assert.deepEqual(parseDepfile("a.o b.o : x.h y.h\nx.h:\ny.h:\n"), ["x.h", "y.h"]);
});

test("an empty file has no inputs", () => {
  assert.deepEqual(parseDepfile(""), []);
});

test.run();

// Functions that construct new variables are added to a preprocessed text behind their declarations, lines kept.
import assert from "node:assert/strict";
import { test } from "uvu";
import { compiling, preprocessing, splitCommand } from "../../plugin/compile_command.js";
import { addConstructions, filesOf } from "../../plugin/preprocessed.js";

const options = { directory: "/work", catches: true };

/** What stands in the function that is added for the variable of line 2, in a text that begins with line 1 of a file. */
function constructed(line: string, name = "fresh"): string | undefined {
  const text = `# 1 "unit.cc"\nstruct A { int x; };\n${line}\nint last;\n`;
  const result = addConstructions(text, [{ name, file: "/work/unit.cc", line: 2 }], options);
  const [, found] =
    /static void hotreload_construct_0\w*\(\) \{ +static __attribute__\(\(used\)\) ([\s\S]*?) \}\n# /.exec(result) ??
    [];
  if (found === undefined) assert.equal(result.replace(/\n__attribute__[\s\S]*$/, ""), text);
  return found;
}

test("a declaration becomes that of a static", () => {
  assert.equal(constructed("A fresh(3);"), "A fresh(3);");
  assert.equal(constructed("static std::vector<int> fresh{1, 2};"), "std::vector<int> fresh{1, 2};");
  assert.equal(constructed("int first() { return 1; } int fresh = first();"), "int fresh = first();");
  assert.equal(
    constructed("namespace n { namespace { A fresh = f([] { return ';'; }); } }"),
    "A fresh = f([] { return ';'; });",
  );
  assert.equal(constructed(`A other("A fresh;"), fresh(R"x(";)x");`), `A other("A fresh;"), fresh(R"x(";)x");`);
  assert.equal(constructed('A C::fresh{"text", 3};'), 'A fresh{"text", 3};');
  assert.equal(constructed("struct C { int a; static inline A fresh{3}; };"), "A fresh{3};");
});

test("what a function cannot hold, or would read otherwise, is left out", () => {
  assert.equal(constructed("template <> A C<int>::fresh(3);"), undefined);
  assert.equal(constructed("thread_local A fresh(3);"), undefined);
  assert.equal(constructed("A C::fresh(helper);"), undefined);
  assert.equal(constructed("A other(fresh);"), undefined);
  assert.equal(constructed("A other = fresh;"), undefined);
  assert.equal(constructed("struct C { static A fresh; };"), undefined);
});

test("the lines behind an added function are what they were", () => {
  const text = `# 7 "a dir/unit.cc"\nA fresh(\n  3); int beside;\nint last;\n`;
  const result = addConstructions(text, [{ name: "fresh", file: "/work/a dir/unit.cc", line: 7 }], options);
  assert.match(result, /hotreload_construct_0[\s\S]*\n# 8 "a dir\/unit.cc"\n int beside;\nint last;\n/);
});

test("the guard catches nothing where exceptions are turned off", () => {
  assert.match(addConstructions("", [], options), /hotreload_guard\([\s\S]*catch \(\.\.\.\)/);
  assert.doesNotMatch(addConstructions("", [], { ...options, catches: false }), /catch/);
});

test("the files of a text are those of its line markers", () => {
  assert.deepEqual(filesOf(`# 0 "<built-in>"\n# 1 "unit.cc"\n# 1 "/usr/include/x.h" 1 3 4\n`, "/work"), [
    "/work/unit.cc",
    "/usr/include/x.h",
  ]);
});

test("a command is taken apart as a shell does it", () => {
  assert.deepEqual(splitCommand(`c++ -DX=\\"a\\" "-I/a b" -D'Y=$z' -o x.o "q\\"q"`), [
    "c++",
    `-DX="a"`,
    "-I/a b",
    "-DY=$z",
    "-o",
    "x.o",
    `q"q`,
  ]);
});

test("a precompiled header is part of the text: it is included before, and not behind", () => {
  const common = { directory: "/b", source: 1 };
  const gcc = { ...common, words: ["g++", "/s/x.cc", "-O2", "-include", "/b/pch.hxx"] };
  assert.deepEqual(preprocessing(gcc, "x.ii"), [...gcc.words, "-E", "-o", "x.ii"]);
  assert.deepEqual(compiling(gcc, "x.ii", "x.o"), ["g++", "x.ii", "-O2", "-w", "-c", "-o", "x.o"]);
  const through = [
    "-Xclang",
    "-include-pch",
    "-Xclang",
    "/b/pch.hxx.pch",
    "-Xclang",
    "-include",
    "-Xclang",
    "/b/pch.hxx",
  ];
  const clang = { ...common, words: ["clang++", "/s/x.cc", ...through, "-O2"] };
  const included = ["clang++", "/s/x.cc", "-Xclang", "-include", "-Xclang", "/b/pch.hxx", "-O2"];
  assert.deepEqual(preprocessing(clang, "x.ii"), [...included, "-E", "-o", "x.ii"]);
  assert.deepEqual(compiling(clang, "x.ii", "x.o"), ["clang++", "x.ii", "-O2", "-w", "-c", "-o", "x.o"]);
});

test.run();

// Diagnostics of the real compilers and linkers, as values.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { suite } from "uvu";
import { parseDiagnostics } from "../../plugin/diagnostics.js";
import { Scratch } from "./scratch.js";

const scratch = new Scratch();
const test = suite("diagnostics");

scratch.write("wrong.c", '#include "a header.h"\nint f(void) {\n  int unused;\n  return missing;\n}\n');
scratch.write("a header.h", "int twice(void) { return 1 }\n");
scratch.write("warned.c", "int g(void) {\n  int unused;\n  return 1;\n}\n");
scratch.write("lost.c", '#include "lost.h"\n');
scratch.write("call.c", "int nowhere(int);\nint main(void) {\n  return nowhere(1);\n}\n");
scratch.write("one.c", "int both(void) { return 1; }\nint main(void) { return 0; }\n");
scratch.write("two.c", "int both(void) { return 2; }\n");
scratch.write("asm.c", 'void f(void) {\n  __asm__("no_such_instruction");\n}\n');

function run(compiler: string, ...args: readonly string[]) {
  const environment = { ...process.env, LC_ALL: "C.UTF-8" };
  const { stdout, stderr, status } = spawnSync(compiler, args, {
    cwd: scratch.path,
    env: environment,
    encoding: "utf8",
  });
  assert.notEqual(status, 0, "it fails");
  return parseDiagnostics(stdout + stderr, scratch.path);
}

for (const compiler of ["gcc", "clang"]) {
  test(`${compiler}: errors, warnings and notes with file, line and column`, () => {
    const all = run(compiler, "-Wall", "-c", "wrong.c", "warned.c");
    const of = (severity: string) => all.filter((each) => each.severity === severity);
    const inHeader = of("error").find(({ file }) => file === scratch.join("a header.h"));
    assert.match(inHeader?.message ?? "", /expected ['‘];['’]/);
    assert.deepEqual([inHeader?.line, inHeader?.column], [1, 27]);
    const inSource = of("error").find(({ file }) => file === scratch.join("wrong.c"));
    assert.deepEqual([inSource?.line, inSource?.column], [4, 10]);
    assert.match(inSource?.message ?? "", /missing/);
    assert.match(of("warning")[0]?.message ?? "", /unused variable .*\[-Wunused-variable\]/);
  });

  test(`${compiler}: colours and links make no difference`, () => {
    const plain = run(compiler, "-Wall", "-c", "wrong.c");
    assert.deepEqual(run(compiler, "-Wall", "-fdiagnostics-color=always", "-c", "wrong.c"), plain);
  });

  test(`${compiler}: a header that is not there is an error`, () => {
    const [error] = run(compiler, "-c", "lost.c");
    assert.deepEqual([error?.file, error?.line, error?.severity], [scratch.join("lost.c"), 1, "error"]);
    assert.match(error?.message ?? "", /^'?lost\.h/);
  });

  test(`${compiler}: an instruction that the assembler does not know`, () => {
    const error = run(compiler, "-c", "asm.c").find(({ severity }) => severity === "error");
    assert.equal(error?.file, scratch.join("asm.c"));
    assert.match(error?.message ?? "", /no.such.(instruction|mnemonic)|invalid instruction/);
  });
}

for (const linker of ["bfd", "gold", "lld", "mold"]) {
  test(`${linker}: an undefined function is named with the line that calls it`, () => {
    const errors = run("gcc", "-g", `-fuse-ld=${linker}`, "call.c", "-o", "call");
    const error = errors.find(({ message }) => message.includes("nowhere"));
    assert.equal(error?.file, scratch.join("call.c"), JSON.stringify(errors));
    // mold alone does not say which line it is.
    assert.deepEqual([error?.line, error?.severity], [linker === "mold" ? undefined : 3, "error"]);
    assert.match(error?.message ?? "", /undefined (reference|symbol)/);
  });

  test(`${linker}: a function that is there twice`, () => {
    const errors = run("gcc", "-g", `-fuse-ld=${linker}`, "one.c", "two.c", "-o", "twice");
    assert.ok(
      errors.some(({ message, severity }) => severity === "error" && /\bboth\b/.test(message)),
      JSON.stringify(errors),
    );
  });
}

test("what is no diagnostic is none", () => {
  assert.deepEqual(parseDiagnostics("", "/b"), []);
  assert.deepEqual(
    parseDiagnostics("ninja: error: something\nsh: 1: no: not found\n  3 |   return x;\n12:30:01 up\n", "/b"),
    [],
  );
});

test.run();

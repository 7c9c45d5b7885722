// Each example of examples/production works as its README says, on programs that know nothing of hotreload.
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { exampleFolder, fix, patchesOf, undo, type Workshop, withWorkshop } from "./plain_program.js";

const builds = [
  { name: "gcc -O0", c: "gcc", cxx: "g++", machine: "-m64", flags: ["-O0"], link: [] },
  {
    name: "gcc -O2, not position-independent",
    c: "gcc",
    cxx: "g++",
    machine: "-m64",
    flags: ["-O2", "-fno-pie"],
    link: ["-no-pie"],
  },
  { name: "clang -O2", c: "clang", cxx: "clang++", machine: "-m64", flags: ["-O2"], link: [] },
  { name: "gcc -O0, 32 bit", c: "gcc", cxx: "g++", machine: "-m32", flags: ["-O0"], link: [] },
  {
    name: "gcc -O2, not position-independent, 32 bit",
    c: "gcc",
    cxx: "g++",
    machine: "-m32",
    flags: ["-O2", "-fno-pie"],
    link: ["-no-pie"],
  },
  { name: "clang -O2, 32 bit", c: "clang", cxx: "clang++", machine: "-m32", flags: ["-O2"], link: [] },
] as const;

type Build = (typeof builds)[number];

function buildExample(workshop: Workshop, build: Build, name: string, program: string, ...more: readonly string[]) {
  const compiler = program.endsWith(".cc") ? build.cxx : build.c;
  const source = (file: string) => join(exampleFolder(name), file);
  workshop.object(compiler, "program.o", ...build.flags, ...more, source(program));
  workshop.compile(compiler, "program", ...build.link, "-pthread", "program.o");
  return (file: string, output: string) => workshop.object(compiler, output, ...build.flags, ...more, source(file));
}

/** Asks a line server and gives its answer. */
function ask(port: number, question: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(`${question}\n`));
    socket.setEncoding("utf8").on("data", (answer: string) => {
      resolve(answer.trim());
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

const portOf = (line: string): number => Number(line.replace("port ", ""));

for (const build of builds) {
  test(`factorial, ${build.name}: a server asleep in accept answers rightly, and wrongly again after undo`, () =>
    withWorkshop(async (workshop) => {
      const compile = buildExample(workshop, build, "factorial", "server.c");
      const server = workshop.start("program");
      const port = portOf(await server.waitForLine((line) => line.startsWith("port ")));
      assert.is(await ask(port, "5"), "5! = 24 (answer 1)");
      const patch = workshop.gen("program", "factorial.hrp", compile("fix.c", "fix.o"));
      fix(server, patch);
      assert.is(await ask(port, "5"), "5! = 120 (answer 2)");
      assert.equal(
        patchesOf(server).map(({ name, state, replaces }) => ({ name, state, replaces })),
        [{ name: "factorial", state: "applied", replaces: ["factorial"] }],
      );
      undo(server, "factorial");
      assert.is(await ask(port, "5"), "5! = 24 (answer 3)");
      assert.is(patchesOf(server)[0]?.state, "undone");
    }, build.machine));

  test(`order, ${build.name}: C++, a class by value, an exception thrown and caught in the fix`, () =>
    withWorkshop(async (workshop) => {
      // Types of libstdc++ that the program itself does not use take code for shared libraries.
      const pic = build.link.length > 0 ? ["-fPIE"] : [];
      const compile = buildExample(workshop, build, "order", "order.cc", ...pic);
      const program = workshop.start("program", "10");
      await program.waitForLine((line) => line === "0 tea 4.90");
      fix(program, workshop.gen("program", "order.hrp", compile("fix.cc", "fix.o")));
      await program.waitForNewLine((line) => line === "0 no tea 0.00");
      await program.waitForNewLine((line) => line === "2 tea 11.90");
      undo(program);
      await program.waitForNewLine((line) => line === "0 tea 4.90");
    }, build.machine));

  test(`counter, ${build.name}: the count survives a file compared with its old object, and a value that is set`, () =>
    withWorkshop(async (workshop) => {
      const compile = buildExample(workshop, build, "counter", "counter.c");
      const program = workshop.start("program", "5");
      const count = (line: string) => Number(/^count (\d+)/.exec(line)?.[1]);
      /** Waits until the count goes in such steps. */
      const steps = (size: number) => {
        let before = Number.NaN;
        return program.waitForNewLine((line) => {
          const step = count(line) - before;
          before = count(line);
          return step === size;
        });
      };
      await steps(1);
      const corrected = compile("corrected.c", "corrected.o");
      fix(program, workshop.gen("program", "tens.hrp", "--from", workshop.path("program.o"), "--to", corrected));
      await steps(10);
      fix(program, workshop.gen("program", "five.hrp", "--set", "step=5"));
      await steps(50);
      undo(program, "five");
      await steps(10);
      undo(program, "tens");
      await steps(1);
      const counts = program.lines.map(count);
      assert.ok(
        counts.every((value, i) => i === 0 || value > (counts[i - 1] ?? 0)),
        "no count was lost",
      );
    }, build.machine));
}

test("primes, gcc -O0: a static function, and a variable that the fix brings", () =>
  withWorkshop(async (workshop) => {
    const compile = buildExample(workshop, builds[0], "primes", "primes.c");
    const program = workshop.start("program", "2");
    await program.waitForLine((line) => line === "25");
    fix(program, workshop.gen("program", "primes.hrp", compile("fix.c", "fix.o")));
    const fixedAt = await program.waitForLine((line) => line.startsWith("fixed at "));
    await program.waitForNewLine((line) => Number(line) > Number(fixedAt.slice(9)) + 200);
    const later = program.lines.slice(program.lines.indexOf(fixedAt) + 1).map(Number);
    const squares = later.filter((n) => Number.isInteger(Math.sqrt(n)));
    assert.equal(squares, []);
    assert.equal(patchesOf(program)[0]?.addsVariables, ["asked"]);
  }));

test("pair, gcc -O2: two functions change at one moment", () =>
  withWorkshop(async (workshop) => {
    const compile = buildExample(workshop, builds[1], "pair", "pair.c", "-fno-inline");
    const program = workshop.start("program", "1");
    await program.waitForLine((line) => line.includes(" nffu!nf!bu!oppo "));
    const patch = workshop.gen("program", "pair.hrp", compile("fix.c", "fix.o"));
    for (let round = 0; round < 5; round++) {
      fix(program, patch);
      await program.waitForNewLine((line) => !line.includes("nffu!"));
      undo(program);
      await program.waitForNewLine((line) => line.includes("nffu!"));
    }
    assert.equal(
      program.lines.filter((line) => !line.endsWith(" ok")),
      [],
    );
  }));

test.run();

// Patches of real programs, linked near and bound: what changed is new, what lives stays, without any agent.
import assert from "node:assert/strict";
import { suite } from "uvu";
import { findLinker, type Linker } from "../../plugin/link.js";
import { PatchedProgram, type Variant } from "./patched_program.js";
import { Scratch } from "./scratch.js";

const scratch = new Scratch();
const test = suite("patches without an agent");

const found = await findLinker();
assert.ok(found.ok);
const bfd: Linker = { ...found.value, path: "ld.bfd", kind: "bfd" };
const lld: Linker = { ...found.value, path: "ld.lld", kind: "lld" };

const plain = { module: "executable", flags: [], linkFlags: [] } as const;

const versioned = "-Wl,--version-script=exports.map";
const compilers = ["g++", "clang++"] as const;

const variants: readonly Variant[] = compilers.flatMap((compiler): readonly Variant[] => [
  { ...plain, compiler, level: "-O0", linker: bfd },
  { ...plain, compiler, level: "-O0", linker: lld },
  { ...plain, compiler, level: "-O2", linker: bfd },
  { ...plain, compiler, level: "-O2", linker: lld },
  { ...plain, compiler, level: "-O2", linker: bfd, module: "library" },
  { ...plain, compiler, level: "-O0", linker: lld, module: "library" },
  { ...plain, compiler, level: "-O2", linker: bfd, module: "library", linkFlags: ["-fuse-ld=lld", versioned] },
  { ...plain, compiler, level: "-O0", linker: bfd, module: "library", linkFlags: ["-fuse-ld=mold"] },
  { ...plain, compiler, level: "-O0", linker: bfd, module: "library", linkFlags: ["-fuse-ld=bfd", versioned] },
  { ...plain, compiler, level: "-O2", linker: bfd, linkFlags: ["-fuse-ld=mold", "-Wl,--export-dynamic"] },
  { ...plain, compiler, level: "-O0", linker: lld, linkFlags: ["-fuse-ld=lld"] },
  { ...plain, compiler, level: "-O2", linker: bfd, linkFlags: ["-no-pie"] },
  { ...plain, compiler, level: "-O0", linker: lld, linkFlags: ["-no-pie"] },
  { ...plain, compiler, level: "-O2", linker: bfd, flags: ["-fvisibility=hidden"], module: "library" },
  { ...plain, compiler, level: "-O0", linker: bfd, flags: ["-fvisibility=hidden"] },
  { ...plain, compiler, level: "-O2", linker: bfd, flags: ["-fcf-protection=full"] },
  { ...plain, compiler, level: "-O0", linker: lld, flags: ["-fcf-protection=full"], module: "library" },
]);

const state = (counter: number, threads: string, added: number, name: string): string =>
  `counter=${counter} global=${counter + 93} thread=${threads} calls=${counter - 7} added=${added} name=${name}`;

function describe({ compiler, level, linker, module, flags, linkFlags }: Variant): string {
  return [compiler, level, linker.path, module, ...flags, ...linkFlags].join(" ");
}

for (const [index, variant] of variants.entries()) {
  test(`${describe(variant)}: statics, guards, thread-locals, tables, exceptions and pointers stay as they were`, async () => {
    const { program, report } = await PatchedProgram.start(variant, scratch.join(String(index)));
    try {
      assert.deepEqual(report, {
        compute: String((1 + 8) * 2),
        "by pointer": String((2 + 9) * 2),
        "in thread": String((3 + 10) * 2),
        main: state(10, "7,8", -1, "first"),
        worker: state(10, "6,7", -1, "first"),
        "old eyes": "103,7",
        virtual: "12 new=12",
        "called from outside": "7",
        recognised: "7",
        "caught outside": "3 inside=5,-60",
        "same pointer": "1,1",
        hidden: "5020",
        text: "one",
      });

      const second = await program.build(2);
      assert.deepEqual(await program.apply(second), {
        compute: String((1 + 11) * 1000 + 41),
        "by pointer": String((2 + 12) * 1000 + 42),
        "in thread": String((3 + 13) * 1000 + 43),
        main: state(13, "9,10", 1003, "first!!!"),
        worker: state(13, "7,8", 1003, "first!!!"),
        "old eyes": "106,9",
        virtual: "102030 new=102030",
        "called from outside": "25",
        recognised: "14",
        "caught outside": "203 inside=206,-120",
        "same pointer": "1,1",
        hidden: "5120",
        text: "another",
      });
      assert.ok(second.kind === "hot");
      for (const name of ["compute", "fail", "guarded", "text"]) assert.ok(second.parts.functions.includes(name), name);
      assert.ok(!second.parts.functions.includes("create"));
      for (const name of ["added", "compute(int)::fresh"]) {
        assert.ok(second.parts.variables.includes(name), second.parts.variables.join(" "));
      }

      // What the second version brought is there in the third as everything else is.
      const third = await program.build(3);
      assert.deepEqual(await program.apply(third), {
        compute: String((1 + 14) * 1000 + 44 * 2),
        "by pointer": String((2 + 15) * 1000 + 45 * 2),
        "in thread": String((3 + 16) * 1000 + 46 * 2),
        main: state(16, "11,12", 1006, "first!!!!!!"),
        worker: state(16, "8,9", 1006, "first!!!!!!"),
        "old eyes": "109,11",
        virtual: "102030 new=102030",
        "called from outside": "25",
        recognised: "21",
        "caught outside": "303 inside=307,-180",
        "same pointer": "1,1",
        hidden: "5220",
        text: "another",
      });
      assert.ok(third.kind === "hot");
      assert.deepEqual(third.parts.variables, []);
      assert.equal(await program.end(), 0);
    } finally {
      program.kill();
    }
  });
}

test("the same text compiled again is nothing to do, before a patch and after it", async () => {
  const variant: Variant = { ...plain, compiler: "g++", level: "-O2", linker: bfd };
  const { program } = await PatchedProgram.start(variant, scratch.join("unchanged"));
  try {
    assert.equal((await program.build(1)).kind, "unchanged");
    await program.apply(await program.build(2));
    assert.equal((await program.build(2)).kind, "unchanged");
  } finally {
    program.kill();
  }
});

test.run();

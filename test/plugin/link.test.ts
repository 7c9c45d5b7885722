// The link of a patch: where it is placed, what it exports, and what a linker's complaints are made of.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import { findLinker, type Linker, link } from "../../plugin/link.js";
import { Scratch } from "./scratch.js";

const scratch = new Scratch();
const test = suite("link");
const found = await findLinker();
assert.ok(found.ok);
const linkers: readonly Linker[] = [
  { ...found.value, path: "ld.bfd", kind: "bfd" },
  { ...found.value, path: "ld.lld", kind: "lld" },
];
/** As the process has them: __tls_get_addr is the dynamic loader's. */
const LIBRARIES = ["libc.so.6", "ld-linux-x86-64.so.2"].map((name) =>
  execFileSync("gcc", [`-print-file-name=${name}`], { encoding: "utf8" }).trim(),
);
const START = 0x5555_0000_0000;
let count = 0;

/** Compiles with the flags that keep lines, and links. */
async function attempt(linker: Linker, source: string, text: string, flags: readonly string[] = ["-g"]) {
  const directory = scratch.directory(`link-${count++}`);
  const file = join(directory, source);
  scratch.write(file.slice(scratch.path.length + 1), text);
  const compiler = source.endsWith(".c") ? "gcc" : "g++";
  execFileSync(compiler, [...flags, "-fPIC", "-ffunction-sections", "-w", "-c", file, "-o", join(directory, "0.o")]);
  const output = join(directory, "patch.so");
  const files = [join(directory, "0.o")];
  const outcome = await link(linker, { files, start: START, libraries: LIBRARIES, named: [], output, directory });
  return { outcome, output, file };
}

const patch = (body: string): string =>
  `${body}\nvoid *hotreload_patch[4] __attribute__((section(".data.root"))) = { (void *)f };\n`;

for (const linker of linkers) {
  test(`${linker.path}: a library starts where it was asked to, and exports its table alone`, async () => {
    const { outcome, output } = await attempt(
      linker,
      "a.c",
      patch('int puts(const char *); int f(void) { return puts("x"); }'),
    );
    assert.deepEqual(outcome, { kind: "linked" });
    const file = readFileSync(output);
    const segments = Number(file.readBigUInt64LE(0x20));
    const addresses: number[] = [];
    for (let i = 0; i < file.readUInt16LE(0x38); i++) {
      const at = segments + i * file.readUInt16LE(0x36);
      if (file.readUInt32LE(at) === 1) addresses.push(Number(file.readBigUInt64LE(at + 16)));
    }
    assert.equal(addresses[0], START);
    const exported = execFileSync("nm", ["-D", "--defined-only", output], { encoding: "utf8" });
    assert.match(exported, /^[0-9a-f]+ D hotreload_patch\n$/);
    assert.match(execFileSync("nm", ["-D", output], { encoding: "utf8" }), /U puts@GLIBC_2\.2\.5/);
  });

  test(`${linker.path}: a function that nobody defines is named with the place of its first use`, async () => {
    const { outcome, file } = await attempt(
      linker,
      "a.c",
      patch("int first(int); int second(void);\nint f(void) {\n  return first(1) +\n    first(2) +\n    second();\n}"),
    );
    assert.ok(outcome.kind === "undefined");
    assert.deepEqual(
      outcome.symbols.map(({ code, message, file, line }) => [code, message.split(" ")[0], file, line]),
      [
        ["E_UNDEFINED", "first", file, 3],
        ["E_UNDEFINED", "second", file, 5],
      ],
    );
  });

  test(`${linker.path}: a name of C++ is shown as the user wrote it`, async () => {
    const text = `namespace game { template <class T> int score(const T &, int); struct Body { void kick(double); Body(); }; }
int f() {
  game::Body body;
  body.kick(1.5);
  return game::score<int>(3, 4);
}
extern "C" { void *hotreload_patch[4] __attribute__((section(".data.root"))) = { (void *)f }; }
`;
    const { outcome, file } = await attempt(linker, "a.cc", text);
    assert.ok(outcome.kind === "undefined");
    assert.deepEqual(
      outcome.symbols.map(({ message, file, line }) => [message.replace(/ is not defined.*/, ""), file, line]),
      [
        ["game::Body::Body()", file, 3],
        ["game::Body::kick(double)", file, 4],
        ["int game::score<int>(int const&, int)", file, 5],
      ],
    );
  });

  test(`${linker.path}: without debug information the name is known, and no place`, async () => {
    const { outcome } = await attempt(linker, "a.c", patch("int gone(void); int f(void) { return gone(); }"), []);
    assert.ok(outcome.kind === "undefined");
    assert.equal(outcome.symbols.length, 1);
    assert.match(outcome.symbols[0]?.message ?? "", /^gone is not defined/);
    assert.equal(outcome.symbols[0]?.file, undefined);
  });

  test(`${linker.path}: data and hidden symbols that nobody defines are named too`, async () => {
    const hidden = '__attribute__((visibility("hidden")))';
    for (const [declaration, use] of [
      ["extern int gone;", "gone"],
      [`${hidden} extern int gone;`, "gone"],
      [`${hidden} int gone(void);`, "gone()"],
      ["extern __thread int gone;", "gone"],
    ]) {
      const { outcome } = await attempt(linker, "a.c", patch(`${declaration}\nint f(void) { return ${use}; }`));
      assert.ok(outcome.kind === "undefined", JSON.stringify(outcome));
      assert.deepEqual(
        outcome.symbols.map(({ code, message, line }) => [code, message.split(" ")[0], line]),
        [["E_UNDEFINED", "gone", 2]],
      );
    }
  });

  test(`${linker.path}: a name used in very many places is reported once`, async () => {
    const uses = Array.from({ length: 30 }, (_, i) => `int use_${i}(void) { return gone(${i}); }`).join("\n");
    const calls = Array.from({ length: 30 }, (_, i) => `use_${i}()`).join(" + ");
    const { outcome } = await attempt(
      linker,
      "a.c",
      patch(`int gone(int);\n${uses}\nint f(void) { return ${calls}; }`),
    );
    assert.ok(outcome.kind === "undefined");
    assert.deepEqual(
      outcome.symbols.map(({ message, line }) => [message.split(" ")[0], line]),
      [["gone", 2]],
    );
  });

  test(`${linker.path}: what nothing in the patch refers to is not missed`, async () => {
    const { outcome } = await attempt(
      linker,
      "a.c",
      patch("int gone(void); int unused(void) { return gone(); } int f(void) { return 1; }"),
    );
    assert.deepEqual(outcome, { kind: "linked" });
  });

  test(`${linker.path}: a file that is no object is a link that failed, with the linker's words`, async () => {
    const directory = scratch.directory(`link-${count++}`);
    const broken = scratch.write(`link-broken/${linker.kind}.o`, "\x7fELF");
    const outcome = await link(linker, {
      files: [broken],
      start: START,
      libraries: [],
      named: [],
      output: join(directory, "p.so"),
      directory,
    });
    assert.ok(outcome.kind === "failed");
    assert.equal(outcome.problem.code, "E_LINK");
    assert.match(outcome.problem.detail ?? "", new RegExp(`${linker.kind}\\.o`));
  });

  test(`${linker.path}: a path with a space is no obstacle`, async () => {
    const { outcome, file } = await attempt(
      linker,
      "with space.c",
      patch("int gone(void);\nint f(void) { return gone(); }"),
    );
    assert.ok(outcome.kind === "undefined");
    assert.match(outcome.symbols[0]?.message ?? "", /^gone /);
    const place = outcome.symbols[0]?.file;
    assert.ok(place === undefined || place === file, place);
  });
}

test("a linker that is not there is a link that failed", async () => {
  const nowhere: Linker = { path: "/nowhere/ld", kind: "bfd", archives: [] };
  const { outcome } = await attempt(nowhere, "a.c", patch("int f(void) { return 1; }"));
  assert.ok(outcome.kind === "failed");
  assert.equal(outcome.problem.code, "E_LINK");
});

test("this machine has a linker that patches can be linked by", () => {
  assert.match(found.ok ? found.value.path : "", /\/ld\.(bfd|lld)$/);
  assert.ok(found.ok && found.value.archives.length > 0);
});

test.run();

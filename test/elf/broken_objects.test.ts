// Broken and foreign files: each a clear error with a code, and never a crash.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import { diff, readModule, readObject } from "../../plugin/elf/index.js";

const directory = mkdtempSync(join(tmpdir(), "hotreload-broken-"));
const path = (name: string): string => join(directory, name);
const SOURCE = `static int counter = 3; extern int other(const char *);
int step(int x) { switch (x) { case 0: return 5; case 1: return other("one"); case 2: return 9; case 3: return 4;
case 4: return other("four"); default: return counter += x; } }
int main(void) { return step(2); } int other(const char *s) { return s[0]; }`;
writeFileSync(path("a.c"), SOURCE);
execFileSync("gcc", [
  "-g",
  "-fPIC",
  "-ffunction-sections",
  "-fdata-sections",
  "-O1",
  "-c",
  path("a.c"),
  "-o",
  path("a.o"),
]);
execFileSync("gcc", [path("a.o"), "-o", path("a")]);
const bytes = readFileSync(path("a.o"));

const test = suite("broken objects");

async function codeOf(contents: Buffer): Promise<string> {
  writeFileSync(path("broken.o"), contents);
  const read = await readObject(path("broken.o"));
  if (!read.ok) return read.problem.code;
  const compared = await diff(read.value, read.value);
  return compared.ok ? "" : compared.problem.code;
}

test("an object that was cut off is refused at any length", async () => {
  for (let length = 0; length < bytes.length; length += 61) {
    assert.equal(await codeOf(bytes.subarray(0, length)), "E_ELF", `${length} of ${bytes.length} bytes`);
  }
});

test("an object with any byte changed is read or refused with a code", async () => {
  let seed = 20261123;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  for (let round = 0; round < 3000; round++) {
    const broken = Buffer.from(bytes);
    for (let i = 0; i <= random(3); i++) broken[random(bytes.length)] = random(256);
    assert.match(await codeOf(broken), /^(E_ELF|E_RELOCATION|)$/, `round ${round}`);
  }
});

test("an unknown relocation is named with its section and offset", async () => {
  const broken = Buffer.from(bytes);
  // Elf64_Rela: offset, then type and symbol, 32 bits each; R_X86_64_PLT32 is 4.
  const sections = Number(broken.readBigUInt64LE(0x28));
  for (let i = 0; i < broken.readUInt16LE(0x3c); i++) {
    const header = sections + i * 64;
    const target = sections + broken.readUInt32LE(header + 44) * 64;
    const isLoaded = (broken.readBigUInt64LE(target + 8) & 2n) !== 0n;
    if (broken.readUInt32LE(header + 4) !== 4 || !isLoaded) continue;
    broken.writeUInt32LE(0xfe, Number(broken.readBigUInt64LE(header + 24)) + 8);
    break;
  }
  writeFileSync(path("broken.o"), broken);
  const read = await readObject(path("broken.o"));
  assert.ok(!read.ok);
  assert.equal(read.problem.code, "E_RELOCATION");
  assert.match(read.problem.message, /unknown relocation type 254 at \.text\S*\+0x/);
  assert.equal(read.problem.file, path("broken.o"));
});

test("files that are no objects, and modules without symbols, are refused", async () => {
  const codes = async (name: string): Promise<string[]> => {
    const [object, module] = [await readObject(path(name)), await readModule(path(name), () => [])];
    return [object.ok ? "" : object.problem.code, module.ok ? "" : module.problem.code];
  };
  assert.deepEqual(await codes("a"), ["E_ELF", ""]);
  assert.deepEqual(await codes("a.c"), ["E_ELF", "E_ELF"]);
  assert.deepEqual(await codes("a.o"), ["", "E_ELF"]);
  assert.deepEqual(await codes("not-there"), ["E_ELF", "E_ELF"]);
  execFileSync("strip", [path("a")]);
  assert.deepEqual(await codes("a"), ["E_ELF", "E_STRIPPED"]);
});

test.after(() => rmSync(directory, { recursive: true }));
test.run();

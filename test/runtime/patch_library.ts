// Patch libraries made by hand, for one address of one process.

import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, runtimeSource, testSource } from "./programs.js";

const MAGIC = Buffer.from("HRLPATCH");
const PAGE = 4096n;

/** Links a library for `start` whose one function adds `value`, in place of the function at `entry`. */
export async function makePatchLibrary(
  output: string,
  patch: { readonly start: number; readonly entry: bigint; readonly value: number },
): Promise<void> {
  const start = `0x${patch.start.toString(16)}`;
  const defines = {
    MAGIC: "HOTRELOAD_PATCH_MAGIC",
    VERSION: "HOTRELOAD_PATCH_VERSION",
    COUNT: "1",
    TARGET: "replacement",
    VALUE: String(patch.value),
    START: `${start}ull`,
    ENTRY: `${patch.entry}ull`,
    ENTRY_OTHER: "0",
  };
  const object = `${output}.o`;
  await build("gcc", [
    ...["-O1", "-fPIC", "-w", `-I${runtimeSource}`, "-c", join(testSource, "patch_library.c"), "-o", object],
    ...Object.entries(defines).map(([name, value]) => `-D${name}=${value}`),
  ]);
  await build("ld", ["-shared", "-z", "max-page-size=4096", `-Ttext-segment=${start}`, object, "-o", output]);
  const bytes = readFileSync(output);
  // The size is known only now: it stands 24 bytes after the magic number (runtime/patch.h).
  bytes.writeBigUInt64LE(endOf(bytes) - BigInt(patch.start), bytes.indexOf(MAGIC) + 24);
  writeFileSync(output, bytes);
  chmodSync(output, 0o600);
}

/** Address behind the last PT_LOAD, in whole pages (ELF gABI 4.1). */
function endOf(bytes: Buffer): bigint {
  const table = Number(bytes.readBigUInt64LE(32));
  let end = 0n;
  for (let index = 0; index < bytes.readUInt16LE(56); index++) {
    const header = table + 56 * index;
    if (bytes.readUInt32LE(header) !== 1) continue;
    const last = bytes.readBigUInt64LE(header + 16) + bytes.readBigUInt64LE(header + 40);
    end = last > end ? last : end;
  }
  return ((end + PAGE - 1n) / PAGE) * PAGE;
}

// The names of an object's sections, without reading the rest: of thousands of objects a few bytes are wanted.
//
// ELF gABI 4.1, "ELF Header" and "Section Header": 64-bit, little-endian. The table of names may hold those of symbols as well.
import { closeSync, openSync, readSync } from "node:fs";

const HEADER_BYTES = 64;
const SECTION_BYTES = 64;

/** The table of names; undefined for what is no ELF object (LLVM's bitcode). */
export function sectionNames(object: string): Buffer | undefined {
  const file = openSync(object, "r");
  const read = (position: number, size: number): Buffer => {
    const bytes = Buffer.alloc(size);
    return bytes.subarray(0, readSync(file, bytes, 0, size, position));
  };
  try {
    const header = read(0, HEADER_BYTES);
    if (header.length < HEADER_BYTES || header.toString("latin1", 0, 4) !== "\x7fELF") return undefined;
    const sections = Number(header.readBigUInt64LE(0x28));
    let index = header.readUInt16LE(0x3e);
    // With more than 65,279 sections the number is in the first section's sh_link.
    if (index === 0xffff) index = read(sections, SECTION_BYTES).readUInt32LE(0x28);
    const section = read(sections + index * SECTION_BYTES, SECTION_BYTES);
    if (section.length < SECTION_BYTES) return undefined;
    return read(Number(section.readBigUInt64LE(0x18)), Number(section.readBigUInt64LE(0x20)));
  } finally {
    closeSync(file);
  }
}

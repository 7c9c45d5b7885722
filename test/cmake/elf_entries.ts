// The functions of an ELF file with the bytes around their entries, as far as the tests of the flags need them.
import { readFileSync } from "node:fs";

export interface Entry {
  readonly name: string;
  readonly section: string;
  /** Address space of the file. */
  readonly address: bigint;
  /** The six bytes before the entry and the two at it, in hexadecimal; shorter where the section starts or ends. */
  readonly bytes: string;
}

interface Section {
  readonly name: string;
  readonly type: number;
  readonly address: bigint;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

const SHT_SYMTAB = 2;
const STT_FUNC = 2;

/** Every defined function symbol of an executable or shared library (ELF gABI 4.1, ELFCLASS64, little-endian). */
export function readEntries(path: string): Entry[] {
  const file = readFileSync(path);
  const sections = readSections(file);
  const symbols = sections.find((section) => section.type === SHT_SYMTAB);
  const strings = symbols && sections[symbols.link];
  if (symbols === undefined || strings === undefined) {
    throw new Error(`${path} has no symbol table`);
  }
  const entries: Entry[] = [];
  for (let at = symbols.offset; at < symbols.offset + symbols.size; at += 24) {
    const section = sections[file.readUInt16LE(at + 6)];
    const isFunction = (file.readUInt8(at + 4) & 15) === STT_FUNC;
    if (!isFunction || file.readUInt16LE(at + 6) === 0 || section === undefined) {
      continue;
    }
    const address = file.readBigUInt64LE(at + 8);
    const start = Number(address - section.address) + section.offset;
    entries.push({
      name: readString(file, strings.offset + file.readUInt32LE(at)),
      section: section.name,
      address,
      bytes: file.subarray(Math.max(start - 6, section.offset), start + 2).toString("hex"),
    });
  }
  return entries;
}

/** Names of the sections of an ELF file. */
export function readSectionNames(path: string): string[] {
  return readSections(readFileSync(path)).map((section) => section.name);
}

function readSections(file: Buffer): Section[] {
  const table = Number(file.readBigUInt64LE(0x28));
  const size = file.readUInt16LE(0x3a);
  const headers = Array.from({ length: file.readUInt16LE(0x3c) }, (_, index) => table + index * size);
  const nameTable = headers[file.readUInt16LE(0x3e)] ?? 0;
  const names = Number(file.readBigUInt64LE(nameTable + 24));
  return headers.map((header) => ({
    name: readString(file, names + file.readUInt32LE(header)),
    type: file.readUInt32LE(header + 4),
    address: file.readBigUInt64LE(header + 16),
    offset: Number(file.readBigUInt64LE(header + 24)),
    size: Number(file.readBigUInt64LE(header + 32)),
    link: file.readUInt32LE(header + 40),
  }));
}

function readString(file: Buffer, offset: number): string {
  return file.toString("latin1", offset, file.indexOf(0, offset));
}

// Reads .ninja_deps, where ninja keeps the headers that each object was compiled with.
//
// Format: ninja's deps_log.h, version 4. All numbers are 32-bit little-endian. A header of 16 bytes, then records:
// a size, whose highest bit tells dependencies from a path, and as many bytes.
//   path: the path, 0-3 bytes of zero up to a multiple of four, the complement of its id. Ids count from 0.
//   dependencies: id of the output, its time of modification in ns (low and high word), ids of the inputs.
// A later record of an output replaces an earlier one.
import { readFile } from "node:fs/promises";
import { failure, type Result, success } from "../errors.js";

export interface NinjaDeps {
  /** The position of a path is its id. Spelled as ninja spells it. */
  readonly paths: readonly string[];
  /** Ids of the outputs that have a record, rising. */
  readonly outputs: readonly number[];
  /** Ids of the files that an output was made from, as the compiler gave them; undefined without a record. */
  inputsOf(output: number): Int32Array | undefined;
  /** Time of modification of the output when it was recorded, in ns since 1970; undefined without a record. */
  mtimeOf(output: number): bigint | undefined;
  /** What is wrong with the log without making it useless. */
  readonly note: string | undefined;
}

const signature = "# ninjadeps\n";
const version = 4;
const headerWords = 4;
/** Ninja writes no longer records. */
const longestRecord = (1 << 19) - 1;

/** A log that is not there is an empty one: nothing was built yet. @returns E_NINJA_LOG with the byte offset */
export async function readNinjaDeps(file: string): Promise<Result<NinjaDeps>> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return success(new Records([]));
    return failure("E_NINJA_LOG", `the log cannot be read: ${(error as Error).message}`, { file });
  }
  return parseNinjaDeps(bytes, file);
}

/**
 * A tail that was torn off (the machine stopped, ninja was killed) is left out, as ninja does, and noted.
 * The result looks into `bytes`, which must not change.
 */
export function parseNinjaDeps(bytes: Buffer, file: string): Result<NinjaDeps> {
  if (bytes.length === 0) return success(new Records([]));
  const words = wordsOf(bytes);
  if (bytes.toString("latin1", 0, signature.length) !== signature) {
    return failure("E_NINJA_LOG", "byte 0: this is no dependency log of ninja", { file });
  }
  if (words[headerWords - 1] !== version) {
    const found = words[headerWords - 1] ?? "none";
    return failure("E_NINJA_LOG", `byte ${signature.length}: version ${version} is expected, found ${found}`, { file });
  }
  const reader = new Reader(bytes, words);
  const fault = reader.readRecords();
  if (fault) {
    const message = `byte ${reader.offset}: ${fault}; run ninja once, it rebuilds what the log has lost`;
    return failure("E_NINJA_LOG", message, { file });
  }
  return success(reader.result());
}

/** The host is little-endian (x86-64), so the words can be looked at where they are. */
function wordsOf(bytes: Buffer): Int32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : Buffer.from(new Uint8Array(bytes).buffer);
  return new Int32Array(aligned.buffer, aligned.byteOffset, aligned.length >>> 2);
}

class Reader {
  /** Where the record starts that is read now. */
  offset = headerWords * 4;
  private note: string | undefined;
  private readonly paths: string[] = [];
  private readonly known = new Set<string>();
  private readonly records: (Int32Array | undefined)[] = [];

  constructor(
    private readonly bytes: Buffer,
    private readonly words: Int32Array,
  ) {}

  /** What is wrong with the record at `offset`; undefined when all that is whole is read. */
  readRecords(): string | undefined {
    while (this.offset < this.bytes.length) {
      const head = this.words[this.offset >>> 2];
      const size = (head ?? 0) & 0x7fffffff;
      if (size > longestRecord) return `a record of ${size} bytes is longer than any of ninja's`;
      if (head === undefined || this.offset + 4 + size > this.bytes.length || this.onlyZerosFollow()) {
        this.note = `the log is torn at byte ${this.offset} of ${this.bytes.length}; what came before is used`;
        return undefined;
      }
      if (size % 4 !== 0) return `a record of ${size} bytes, no multiple of four`;
      const first = (this.offset >>> 2) + 1;
      const last = first + (size >>> 2);
      const fault = head < 0 ? this.readDependencies(first, last) : this.readPath(first, last);
      if (fault) return fault;
      this.offset += 4 + size;
    }
    return undefined;
  }

  result(): NinjaDeps {
    return new Records(this.paths, this.records, this.note);
  }

  private readPath(first: number, last: number): string | undefined {
    if (last - first < 2) return "a path without a name";
    const id = ~(this.words[last - 1] ?? 0);
    if (id !== this.paths.length) return `a path with the id ${id} where ${this.paths.length} is due`;
    let end = (last - 1) * 4;
    for (let padding = 0; padding < 3 && this.bytes[end - 1] === 0; padding++) end--;
    const path = this.bytes.toString("utf8", first * 4, end);
    if (this.known.has(path)) return `the path ${path} for the second time`;
    this.known.add(path);
    this.paths.push(path);
    return undefined;
  }

  private readDependencies(first: number, last: number): string | undefined {
    if (last - first < 3) return "dependencies without an output";
    const record = this.words.subarray(first, last);
    const count = this.paths.length;
    const output = record[0] ?? -1;
    // >>> 0: a negative id is too large as well.
    if (output >>> 0 >= count) return `dependencies of the unknown id ${output}`;
    for (let index = 3; index < record.length; index++) {
      const input = record[index] ?? -1;
      if (input >>> 0 >= count) return `a dependency on the unknown id ${input}`;
    }
    this.records[output] = record;
    return undefined;
  }

  /** Blocks that a file system allotted and never wrote read as zeros; no record of ninja starts with one. */
  private onlyZerosFollow(): boolean {
    if (this.words[this.offset >>> 2] !== 0) return false;
    return this.bytes.subarray(this.offset).every((byte) => byte === 0);
  }
}

class Records implements NinjaDeps {
  readonly outputs: readonly number[];

  constructor(
    readonly paths: readonly string[],
    private readonly records: readonly (Int32Array | undefined)[] = [],
    readonly note: string | undefined = undefined,
  ) {
    this.outputs = records.flatMap((record, output) => (record ? [output] : []));
  }

  inputsOf(output: number): Int32Array | undefined {
    return this.records[output]?.subarray(3);
  }

  mtimeOf(output: number): bigint | undefined {
    const record = this.records[output];
    if (!record) return undefined;
    return (BigInt(record[2] ?? 0) << 32n) | BigInt((record[1] ?? 0) >>> 0);
  }
}

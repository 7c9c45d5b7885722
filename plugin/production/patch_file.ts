// The file of a production patch (.hrp): what it is for, what it does, and the image, in one file with a digest.
//
//   "HRPATCH\0", version and length of the manifest (32 bits each, little-endian), manifest (JSON, UTF-8),
//   payload (plugin/elf/image/record.h), SHA-256 of all of that
import { createHash } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { failure, type Result, success } from "../errors.js";

const MAGIC = Buffer.from("HRPATCH\0");
const VERSION = 1;
const HEADER = MAGIC.length + 8;
const DIGEST = 32;

/** Names as the user knows them. */
export interface Manifest {
  /** By which `undo` knows it. */
  readonly name: string;
  readonly description: string;
  /** ISO 8601. */
  readonly created: string;
  readonly by: string;
  /** Of hotreload. */
  readonly version: string;
  readonly module: string;
  readonly buildId: string;
  /** 64 or 32. */
  readonly bits: number;
  readonly replaces: readonly string[];
  readonly addsFunctions: readonly string[];
  readonly addsVariables: readonly string[];
  readonly sets: readonly string[];
  readonly notes: readonly string[];
}

export interface PatchFile {
  readonly manifest: Manifest;
  readonly payload: Buffer;
  /** SHA-256, hexadecimal. */
  readonly digest: string;
}

const digestOf = (bytes: Buffer): Buffer => createHash("sha256").update(bytes).digest();

/** The contents of the file without its digest. */
function contentsOf(manifest: Manifest, payload: Buffer): Buffer {
  const text = Buffer.from(JSON.stringify(manifest));
  const header = Buffer.alloc(HEADER);
  MAGIC.copy(header);
  header.writeUInt32LE(VERSION, MAGIC.length);
  header.writeUInt32LE(text.length, MAGIC.length + 4);
  return Buffer.concat([header, text, payload]);
}

/** A patch that goes into a process without having been a file. */
export function sealPatch(manifest: Manifest, payload: Buffer): PatchFile {
  return { manifest, payload, digest: digestOf(contentsOf(manifest, payload)).toString("hex") };
}

/** Replaces the file as a whole, so that it is never seen half-written. Returns its digest. */
export async function writePatchFile(path: string, manifest: Manifest, payload: Buffer): Promise<string> {
  const contents = contentsOf(manifest, payload);
  const digest = digestOf(contents);
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, Buffer.concat([contents, digest]));
  await rename(temporary, path);
  return digest.toString("hex");
}

/** Errors: E_PATCH_FILE. */
export async function readPatchFile(path: string): Promise<Result<PatchFile>> {
  const refuse = (message: string) => failure("E_PATCH_FILE", message, { file: path });
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    return refuse(`cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  if (bytes.length < HEADER + DIGEST || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
    return refuse("is not a patch file of hotreload");
  }
  const version = bytes.readUInt32LE(MAGIC.length);
  if (version !== VERSION)
    return refuse(`is of version ${version} of the format; this hotreload knows version ${VERSION}`);
  const contents = bytes.subarray(0, -DIGEST);
  const digest = digestOf(contents);
  if (!digest.equals(bytes.subarray(-DIGEST))) return refuse("was changed since it was made: its digest does not fit");
  const end = HEADER + bytes.readUInt32LE(MAGIC.length + 4);
  if (end > contents.length) return refuse("is cut off");
  const manifest = JSON.parse(contents.subarray(HEADER, end).toString()) as Manifest;
  return success({ manifest, payload: contents.subarray(end), digest: digest.toString("hex") });
}

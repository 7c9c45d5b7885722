// Which threads of a process still stand in old code: looked up from outside, in /proc, without stopping any thread.
//
// A thread that waits in the kernel shows its stack pointer. From there to the end of its stack each word that is the
// address behind a call in old code counts as a return address. Memory that a frame has not written yet may hold one of an
// earlier call, so that the answer is "may still run". A thread that is running just now shows nothing, and is looked at
// again a few times; if it shows nothing then either, it may be in any old code, which is said where it matters. That
// something cannot be read is no error: nothing is known then.
import { type FileHandle, open, readdir, readFile } from "node:fs/promises";
import type { CodeRange } from "../plugin/elf/index.js";
import type { OldCode } from "../plugin/old_code.js";

export interface StillRunning {
  readonly function: string;
  /** Thread id. */
  readonly thread: number;
  readonly threadName: string;
  /** Functions that changed and that it goes on calling by what they did before (plugin/old_code.ts); absent for none. */
  readonly reliesOn?: readonly string[];
}

/** What is looked at, as it was at the first look. */
interface Process {
  readonly pid: number;
  readonly memory: FileHandle;
  readonly mappings: readonly CodeRange[];
  readonly code: readonly OldCode[];
}

const MOST_STACK_BYTES = 1 << 20;
const MOST_THREADS = 256;
const LOOKS = 4;
const PAUSE_MS = 3;
/** Bytes of the longest call instruction. */
const CALL_BYTES = 7;

export async function findStillRunning(pid: number, code: readonly OldCode[]): Promise<readonly StillRunning[]> {
  if (code.length === 0) return [];
  let memory: FileHandle | undefined;
  try {
    const file = await open(`/proc/${pid}/mem`, "r");
    memory = file;
    const process: Process = {
      pid,
      memory: file,
      mappings: await readMappings(pid),
      code: [...code].sort((a, b) => a.start - b.start),
    };
    // All at once: each one that is running costs a few pauses.
    const threads = (await readdir(`/proc/${pid}/task`)).slice(0, MOST_THREADS);
    return (await Promise.all(threads.map((thread) => lookAtThread(process, Number(thread))))).flat();
  } catch {
    return [];
  } finally {
    await memory?.close();
  }
}

async function lookAtThread(process: Process, thread: number): Promise<StillRunning[]> {
  const { pid, memory, code } = process;
  const directory = `/proc/${pid}/task/${thread}`;
  const place = await waitingPlace(directory);
  const found = new Map<string, OldCode>();
  const inside = place && rangeAt(code, place.instruction);
  if (inside) found.set(inside.function, inside);
  if (!place) {
    for (const range of code) if (range.reliesOn.length > 0) found.set(range.function, range);
  }
  const stack = place ? await stackFrom(process, place.stackPointer) : Buffer.alloc(0);
  for (let at = 0; at + 8 <= stack.length; at += 8) {
    const address = Number(stack.readBigUInt64LE(at));
    const range = rangeAt(code, address - 1);
    if (range && !found.has(range.function) && (await isBehindCall(memory, address))) found.set(range.function, range);
  }
  if (found.size === 0) return [];
  const threadName = (await readFile(`${directory}/comm`, "utf8")).trimEnd();
  return [...found.values()].map(({ function: name, reliesOn }) => ({
    function: name,
    thread,
    threadName,
    ...(reliesOn.length > 0 ? { reliesOn } : {}),
  }));
}

/** `NUMBER ARGUMENTS... STACK-POINTER INSTRUCTION-POINTER`, or `-1 STACK-POINTER INSTRUCTION-POINTER`; see proc(5). */
async function waitingPlace(directory: string): Promise<{ stackPointer: number; instruction: number } | undefined> {
  for (let look = 0; look < LOOKS; look++) {
    if (look > 0) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    const [stackPointer, instruction] = (await readFile(`${directory}/syscall`, "utf8")).trim().split(" ").slice(-2);
    if (stackPointer !== undefined && instruction !== undefined) {
      return { stackPointer: Number(stackPointer), instruction: Number(instruction) };
    }
  }
  return undefined;
}

async function stackFrom({ memory, mappings }: Process, stackPointer: number): Promise<Buffer> {
  const mapping = rangeAt(mappings, stackPointer);
  if (!mapping) return Buffer.alloc(0);
  const buffer = Buffer.alloc(Math.min(mapping.start + mapping.size - stackPointer, MOST_STACK_BYTES));
  const { bytesRead } = await memory.read(buffer, 0, buffer.length, stackPointer);
  return buffer.subarray(0, bytesRead);
}

/** In order of their addresses, as proc_pid_maps(5) lists them: `START-END ...` in hexadecimal. */
async function readMappings(pid: number): Promise<readonly CodeRange[]> {
  const lines = (await readFile(`/proc/${pid}/maps`, "utf8")).matchAll(/^([0-9a-f]+)-([0-9a-f]+) /gm);
  return [...lines].map(([, from = "", to = ""]) => {
    const start = Number.parseInt(from, 16);
    return { start, size: Number.parseInt(to, 16) - start };
  });
}

/** @param ranges in order of their addresses, none in another */
function rangeAt<Range extends CodeRange>(ranges: readonly Range[], address: number): Range | undefined {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle]?.start ?? 0) <= address) low = middle + 1;
    else high = middle;
  }
  const range = ranges[low - 1];
  return range && address < range.start + range.size ? range : undefined;
}

/** `call rel32` (E8), or `call` through a register or memory (FF /2) of 2 to 7 bytes: Intel SDM vol. 2, CALL. */
async function isBehindCall(memory: FileHandle, address: number): Promise<boolean> {
  const bytes = Buffer.alloc(CALL_BYTES);
  await memory.read(bytes, 0, CALL_BYTES, address - CALL_BYTES);
  if (bytes[2] === 0xe8) return true;
  return [2, 3, 4, 6, 7].some((size) => {
    const at = CALL_BYTES - size;
    return bytes[at] === 0xff && (((bytes[at + 1] ?? 0) >> 3) & 7) === 2;
  });
}

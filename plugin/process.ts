// What a running process says about itself: the modules, ranges and patches that it has.
//
// Addresses and sizes are numbers (bytes, address space of the process): user space ends below 2^47.

/** An executable or shared library that is loaded in the process, in load order (the executable first). */
export interface LoadedModule {
  readonly path: string;
  /** NT_GNU_BUILD_ID in lower-case hexadecimal, "" if it has none. */
  readonly buildId: string;
  /** Load bias: address in the process minus address in the file. */
  readonly bias: number;
  /** First byte, and the byte after the last, of its loaded segments. */
  readonly start: number;
  readonly end: number;
  /** The dynamic loader's TLS module id, 0 if it has no TLS segment. */
  readonly tlsModule: number;
}

/** An address range that the agent keeps reserved; patches for the module at `near` are linked into it. */
export interface ReservedRange {
  /** `start` of the module that it was reserved for. */
  readonly near: number;
  readonly start: number;
  readonly size: number;
}

/** A patch library that is loaded and redirected to. */
export interface AppliedLibrary {
  readonly path: string;
  readonly start: number;
  readonly size: number;
  /** TLS module id of the patch library itself, 0 if it has no TLS segment. */
  readonly tlsModule: number;
  /** Which of its writes (runtime/patch.h) left the program's data alone, since it was not what was expected. */
  readonly kept: readonly number[];
}

/**
 * "undone": its functions run as before it, until it is redone; what it brought stays where it is. "abandoned": undone
 * for good, since a newer patch was made without it.
 */
export type Standing = "standing" | "undone" | "abandoned";

export interface AppliedPatch {
  /** The number that the server gave it: rising within a process. */
  readonly patch: number;
  readonly libraries: readonly AppliedLibrary[];
  readonly standing: Standing;
}

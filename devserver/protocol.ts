// The wire contract between the dev server and the agent: one JSON text frame a message, over a WebSocket on a
// Unix socket. `test/devserver/protocol_messages.json` holds golden messages that the tests of both sides decode.
//
// Addresses and sizes are JSON numbers (bytes, address space of the process; user space ends below 2^47, so a
// double holds them exactly). An `id` is chosen by the server and comes back in the answer. Each command gets
// exactly one answer: the one named beside it, or `refused`. The agent handles one command at a time, in order.

import type { AppliedLibrary, AppliedPatch, LoadedModule, ReservedRange } from "../plugin/process.js";

export type AgentMessage =
  | {
      /** First message of every connection. */
      readonly type: "hello";
      readonly protocol: 1;
      readonly pid: number;
      readonly parentPid: number;
      /** Field 22 of /proc/PID/stat, in clock ticks since boot: with the pid it names a process for good. */
      readonly startTime: number;
      readonly executable: string;
      /** That the program gave itself, "" if none. */
      readonly name: string;
      readonly modules: readonly LoadedModule[];
      readonly ranges: readonly ReservedRange[];
      readonly applied: readonly AppliedPatch[];
    }
  | { readonly type: "surveyed"; readonly id: number; readonly modules: readonly LoadedModule[] }
  | { readonly type: "reserved"; readonly id: number; readonly range: ReservedRange }
  | {
      readonly type: "applied";
      readonly id: number;
      readonly patch: number;
      readonly libraries: readonly AppliedLibrary[];
      /** Time spent in the process, in microseconds: in dlopen, and from the first to the last word written. */
      readonly loadUs: number;
      readonly redirectUs: number;
    }
  /** No answer yet: the program takes the change at a point of its own, and the answer comes then. */
  | { readonly type: "waiting"; readonly id: number }
  /** The program gave itself another name. No answer to anything. */
  | { readonly type: "named"; readonly name: string }
  /** The program asks to be brought up to date. No answer to anything. */
  | { readonly type: "wish" }
  /**
   * A block of hotreload_state has `size` bytes, and the process before had left `left`: it is handed over if these are
   * the same, and zero if not. No answer to anything.
   */
  | { readonly type: "state"; readonly key: string; readonly size: number; readonly left: number }
  | {
      readonly type: "undone" | "redone";
      readonly id: number;
      readonly patch: number;
      /** From the first to the last word written, in microseconds. */
      readonly redirectUs: number;
    }
  | {
      readonly type: "refused";
      /** The id of the command that is refused; 0 for a message that could not be understood. */
      readonly id: number;
      /** From the list in runtime/errors.def, e.g. "E_AGENT_MOVED". */
      readonly code: string;
      readonly message: string;
    };

export type ServerMessage =
  /** Which modules are loaded now? Answer: `surveyed`. */
  | { readonly type: "survey"; readonly id: number }
  /** Reserve `size` bytes within 1.5 GiB of the module at [start, end). Answer: `reserved`. */
  | {
      readonly type: "reserve";
      readonly id: number;
      readonly start: number;
      readonly end: number;
      readonly size: number;
    }
  /** Load the libraries, each inside a reserved range, then redirect: all or nothing. Answer: `applied`. */
  | ({
      readonly type: "apply";
      readonly id: number;
      readonly patch: number;
      readonly libraries: readonly string[];
    } & Told)
  /** Functions run again what they ran before the patch, the last one that stands. Answer: `undone`. */
  | ({ readonly type: "undo"; readonly id: number; readonly patch: number } & Told)
  /** The first patch that is undone counts again. Answer: `redone`. */
  | ({ readonly type: "redo"; readonly id: number; readonly patch: number } & Told);

/** What the program's own callbacks hear of a change (runtime/include/hotreload.h); each list may be cut off. */
export interface Told {
  readonly functions?: readonly string[];
  readonly files?: readonly string[];
}

/** Path that the agent asks for in its WebSocket handshake. */
export const AGENT_ENDPOINT = "/agent";

/** Path that other terminals send commands to, on the same socket: see command_server.ts. */
export const COMMAND_ENDPOINT = "/command";

/** `<build>/.hotreload/session.json`, mode 0600 in a directory of mode 0700. */
export interface SessionFile {
  readonly version: 1;
  /** Path of the Unix socket. */
  readonly socket: string;
  /** Process id of the dev server. */
  readonly pid: number;
  /** The directory, 0700, that patch libraries must lie in. */
  readonly patches: string;
}

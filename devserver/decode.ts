// Decodes what an agent sends, field by field: a message is either exactly one of the protocol, or an E_PROTOCOL.
//
// Fields that the protocol does not name are ignored, so that an agent can be newer than its server.

import { failure, type Result, success } from "../plugin/errors.js";
import type { AppliedLibrary, AppliedPatch, LoadedModule, ReservedRange, Standing } from "../plugin/process.js";
import type { AgentMessage } from "./protocol.js";

/** First address that user space cannot have. */
const ADDRESS_END = 2 ** 47;
const PID_END = 2 ** 22 + 1;

/** Says where a message is not what the protocol says; caught in decodeAgentMessage and nowhere else. */
class Malformed extends Error {}

export function decodeAgentMessage(text: string): Result<AgentMessage> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return failure("E_PROTOCOL", `A message is not JSON: ${(error as Error).message}.`);
  }
  try {
    return success(decode(value));
  } catch (error) {
    if (error instanceof Malformed) return failure("E_PROTOCOL", error.message);
    throw error;
  }
}

function decode(value: unknown): AgentMessage {
  const message = objectOf(value, "message");
  const type = stringOf(message.type, "type");
  switch (type) {
    case "hello":
      if (message.protocol !== 1) {
        throw new Malformed(`hello.protocol is ${JSON.stringify(message.protocol)}, this server speaks 1.`);
      }
      return {
        type,
        protocol: 1,
        pid: integerOf(message.pid, "hello.pid", 1, PID_END),
        parentPid: integerOf(message.parentPid, "hello.parentPid", 0, PID_END),
        startTime: integerOf(message.startTime, "hello.startTime", 0),
        executable: pathOf(message.executable, "hello.executable"),
        name: shownName(message.name, "hello.name"),
        modules: listOf(message.modules, "hello.modules", moduleOf),
        ranges: listOf(message.ranges, "hello.ranges", rangeOf),
        applied: listOf(message.applied, "hello.applied", appliedOf),
      };
    case "surveyed":
      return {
        type,
        id: idOf(message.id, "surveyed.id"),
        modules: listOf(message.modules, "surveyed.modules", moduleOf),
      };
    case "reserved":
      return { type, id: idOf(message.id, "reserved.id"), range: rangeOf(message.range, "reserved.range") };
    case "applied":
      return {
        type,
        id: idOf(message.id, "applied.id"),
        patch: integerOf(message.patch, "applied.patch", 0),
        libraries: listOf(message.libraries, "applied.libraries", libraryOf),
        loadUs: numberOf(message.loadUs, "applied.loadUs"),
        redirectUs: numberOf(message.redirectUs, "applied.redirectUs"),
      };
    case "waiting":
      return { type, id: idOf(message.id, "waiting.id") };
    case "named":
      return { type, name: shownName(message.name, "named.name") };
    case "wish":
      return { type };
    case "state":
      return {
        type,
        key: keyOf(message.key, "state.key"),
        size: integerOf(message.size, "state.size", 1),
        left: integerOf(message.left, "state.left", 1),
      };
    case "undone":
    case "redone":
      return {
        type,
        id: idOf(message.id, `${type}.id`),
        patch: integerOf(message.patch, `${type}.patch`, 0),
        redirectUs: numberOf(message.redirectUs, `${type}.redirectUs`),
      };
    case "refused":
      return {
        type,
        id: integerOf(message.id, "refused.id", 0),
        code: codeOf(message.code, "refused.code"),
        message: stringOf(message.message, "refused.message"),
      };
    default:
      throw new Malformed(`type is ${JSON.stringify(type.slice(0, 40))}, which the protocol does not have.`);
  }
}

function moduleOf(value: unknown, place: string): LoadedModule {
  const fields = objectOf(value, place);
  const start = addressOf(fields.start, `${place}.start`);
  const end = addressOf(fields.end, `${place}.end`);
  if (end <= start) throw new Malformed(`${place} ends at ${end}, before its start ${start}.`);
  const buildId = stringOf(fields.buildId, `${place}.buildId`);
  if (!/^([0-9a-f]{2})*$/.test(buildId)) throw new Malformed(`${place}.buildId is not lower-case hexadecimal.`);
  return {
    path: textPathOf(fields.path, `${place}.path`),
    buildId,
    bias: addressOf(fields.bias, `${place}.bias`),
    start,
    end,
    tlsModule: integerOf(fields.tlsModule, `${place}.tlsModule`, 0),
  };
}

function rangeOf(value: unknown, place: string): ReservedRange {
  const fields = objectOf(value, place);
  return { near: addressOf(fields.near, `${place}.near`), ...extentOf(fields, place) };
}

function appliedOf(value: unknown, place: string): AppliedPatch {
  const fields = objectOf(value, place);
  return {
    patch: integerOf(fields.patch, `${place}.patch`, 0),
    libraries: listOf(fields.libraries, `${place}.libraries`, libraryOf),
    standing: standingOf(fields.standing, `${place}.standing`),
  };
}

function libraryOf(value: unknown, place: string): AppliedLibrary {
  const fields = objectOf(value, place);
  return {
    path: pathOf(fields.path, `${place}.path`),
    ...extentOf(fields, place),
    tlsModule: integerOf(fields.tlsModule, `${place}.tlsModule`, 0),
    kept: listOf(fields.kept, `${place}.kept`, (value, at) => integerOf(value, at, 0)),
  };
}

function extentOf(fields: Record<string, unknown>, place: string): { start: number; size: number } {
  const start = addressOf(fields.start, `${place}.start`);
  const size = integerOf(fields.size, `${place}.size`, 1, ADDRESS_END);
  if (start + size > ADDRESS_END) throw new Malformed(`${place} ends beyond the address space.`);
  return { start, size };
}

function objectOf(value: unknown, place: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Malformed(`${place} is ${nameOf(value)}, not an object.`);
}

function listOf<T>(value: unknown, place: string, element: (value: unknown, place: string) => T): T[] {
  if (!Array.isArray(value)) throw new Malformed(`${place} is ${nameOf(value)}, not a list.`);
  return value.map((each, index) => element(each, `${place}[${index}]`));
}

function stringOf(value: unknown, place: string): string {
  if (typeof value === "string") return value;
  throw new Malformed(`${place} is ${nameOf(value)}, not a string.`);
}

function standingOf(value: unknown, place: string): Standing {
  const standing = stringOf(value, place);
  if (standing === "standing" || standing === "undone" || standing === "abandoned") return standing;
  throw new Malformed(`${place} is ${JSON.stringify(standing.slice(0, 40))}.`);
}

/** A module may have a name that is no path (linux-vdso.so.1); none is empty. */
function textPathOf(value: unknown, place: string): string {
  const path = stringOf(value, place);
  if (path === "" || path.includes("\0")) throw new Malformed(`${place} is empty or holds a NUL.`);
  return path;
}

/** It is shown: control characters in it must not reach a terminal. */
function shownName(value: unknown, place: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to be found
  return stringOf(value, place).replace(/[\x00-\x1f\x7f]/g, "?");
}

/** Of a block of state: see hotreload.h. */
function keyOf(value: unknown, place: string): string {
  const key = stringOf(value, place);
  if (!/^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,62}$/.test(key)) throw new Malformed(`${place} is not a key.`);
  return key;
}

function pathOf(value: unknown, place: string): string {
  const path = textPathOf(value, place);
  if (!path.startsWith("/")) throw new Malformed(`${place} is not an absolute path.`);
  return path;
}

function codeOf(value: unknown, place: string): string {
  const code = stringOf(value, place);
  if (!/^E_[A-Z0-9_]{1,60}$/.test(code)) throw new Malformed(`${place} is not a code.`);
  return code;
}

function numberOf(value: unknown, place: string): number {
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  throw new Malformed(`${place} is ${nameOf(value)}, not a number from 0 up.`);
}

function integerOf(value: unknown, place: string, least: number, end = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== "number") throw new Malformed(`${place} is ${nameOf(value)}, not a number.`);
  if (Number.isSafeInteger(value) && value >= least && value < end) return value;
  throw new Malformed(`${place} is ${value}, not an integer from ${least} to ${end - 1}.`);
}

function addressOf(value: unknown, place: string): number {
  return integerOf(value, place, 0, ADDRESS_END + 1);
}

function idOf(value: unknown, place: string): number {
  return integerOf(value, place, 1);
}

function nameOf(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}

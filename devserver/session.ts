// The session of a build directory: where agents find the dev server, and that there is only one.
//
// `<build>/.hotreload/session.json` names the Unix socket, which lies in a directory of its own, since a socket's
// path has at most 107 bytes. All of it is 0700 and ours, or it is refused.

import { createHash } from "node:crypto";
import { chmodSync, lstatSync, mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { failure, type Result, success } from "../plugin/errors.js";
import type { SessionFile } from "./protocol.js";

export interface Session {
  /** `<build>/.hotreload`. */
  readonly dir: string;
  /** Directory of the patch libraries. */
  readonly patches: string;
  /** What a program keeps across a restart; made when it is started. */
  readonly state: string;
  /** `<build>/.hotreload/session.json`. */
  readonly file: string;
  readonly socket: string;
}

// sizeof(sockaddr_un.sun_path) is 108, with the NUL (unix(7)).
const SOCKET_PATH_BYTES = 107;

/**
 * Makes and checks the directories, and takes over what a killed server left. E_SESSION_OWNER if something
 * belongs to another user or is not what it should be, E_SESSION_BUSY if a server answers there.
 */
export async function prepareSession(buildDir: string): Promise<Result<Session>> {
  const dir = join(buildDir, ".hotreload");
  const patches = join(dir, "patches");
  const file = join(dir, "session.json");
  for (const directory of [dir, patches]) {
    const made = makePrivate(directory);
    if (!made.ok) return made;
  }
  const entry = lstatSync(file, { throwIfNoEntry: false });
  if (entry !== undefined && (entry.uid !== ownUid() || !entry.isFile())) {
    return failure("E_SESSION_OWNER", `${file} belongs to user ${entry.uid} or is no file: look at it, and remove it.`);
  }
  const socketDir = socketDirectory(buildDir);
  const made = makePrivate(socketDir);
  if (!made.ok) return made;
  const socket = join(socketDir, "agents");
  const left = entry === undefined ? undefined : readSessionFile(file);
  for (const path of new Set([socket, ...(left === undefined ? [] : [left.socket])])) {
    if (!(await answers(path))) continue;
    const who = left === undefined ? "Another dev server" : `The dev server with process id ${left.pid}`;
    return failure("E_SESSION_BUSY", `${who} serves ${buildDir} already.`);
  }
  rmSync(socket, { force: true });
  rmSync(file, { force: true });
  return success({ dir, patches, state: join(dir, "state"), file, socket });
}

/** Tells agents where the server is, which listens by now. Written whole or not at all. */
export function publishSession(session: Session): void {
  chmodSync(session.socket, 0o600);
  const content: SessionFile = { version: 1, socket: session.socket, pid: process.pid, patches: session.patches };
  const draft = `${session.file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, session.file);
}

/** Removes what publishSession wrote, unless another server has taken over meanwhile. */
export function removeSession(session: Session): void {
  const present = readSessionFile(session.file);
  if (present !== undefined && present.pid !== process.pid) return;
  rmSync(session.file, { force: true });
  rmSync(session.socket, { force: true });
  try {
    rmdirSync(join(session.socket, ".."));
  } catch {
    // Not empty: a server that starts just now uses it.
  }
}

/** The session file, undefined if there is none or it is not one. */
export function readSessionFile(file: string): SessionFile | undefined {
  try {
    const value = JSON.parse(readFileSync(file, "utf8"));
    const valid =
      value?.version === 1 &&
      typeof value.socket === "string" &&
      typeof value.patches === "string" &&
      Number.isInteger(value.pid);
    return valid ? value : undefined;
  } catch {
    return undefined;
  }
}

/** `$XDG_RUNTIME_DIR/hotreload-<hash>`, or under /tmp where that is missing, not ours or too long. */
export function socketDirectory(buildDir: string): string {
  const hash = createHash("sha256").update(buildDir).digest("hex").slice(0, 16);
  const runtime = process.env.XDG_RUNTIME_DIR;
  if (runtime?.startsWith("/")) {
    const directory = join(runtime, `hotreload-${hash}`);
    const entry = lstatSync(runtime, { throwIfNoEntry: false });
    const fits = Buffer.byteLength(join(directory, "agents")) <= SOCKET_PATH_BYTES;
    if (fits && entry?.isDirectory() && entry.uid === ownUid()) return directory;
  }
  return `/tmp/hotreload-${ownUid()}-${hash}`;
}

/** A directory of mode 0700 that is ours and no symbolic link. */
function makePrivate(directory: string): Result<void> {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
      return failure("E_PROJECT", `${directory} cannot be made: ${(error as Error).message}.`);
    }
  }
  const entry = lstatSync(directory);
  if (!entry.isDirectory()) return failure("E_SESSION_OWNER", `${directory} is not a directory: remove it.`);
  if (entry.uid !== ownUid()) {
    return failure("E_SESSION_OWNER", `${directory} belongs to user ${entry.uid}, not to ${ownUid()}: remove it.`);
  }
  chmodSync(directory, 0o700);
  return success(undefined);
}

function ownUid(): number {
  return process.getuid?.() ?? -1;
}

/** True if a server accepts a connection at the socket. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = createConnection(path);
    connection.once("connect", () => {
      connection.destroy();
      resolve(true);
    });
    // A server whose queue is full is alive as well.
    connection.once("error", (error) => resolve((error as NodeJS.ErrnoException).code === "EAGAIN"));
  });
}

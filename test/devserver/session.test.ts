// The session's directories and files: ours alone, one server each, gone at the end, taken over from the dead.

import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:net";
import { dirname } from "node:path";
import { suite } from "uvu";
import { listenForAgents } from "../../devserver/agent_server.js";
import {
  prepareSession,
  publishSession,
  removeSession,
  type Session,
  socketDirectory,
} from "../../devserver/session.js";
import { Scratch } from "./scratch.js";

const test = suite("session");
const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;

function mode(path: string): string {
  return (lstatSync(path).mode & 0o777).toString(8);
}

async function prepared(buildDir: string): Promise<Session> {
  const session = await prepareSession(buildDir);
  assert.ok(session.ok, JSON.stringify(session));
  return session.value;
}

async function refusal(buildDir: string): Promise<string> {
  const session = await prepareSession(buildDir);
  return session.ok ? "" : `${session.problem.code} ${session.problem.message}`;
}

async function listen(session: Session) {
  const server = await listenForAgents({ socket: session.socket, onConnection: () => {}, onProblem: () => {} });
  assert.ok(server.ok, JSON.stringify(server));
  return server.value;
}

test("everything is private, says where the server is, and is gone at the end", async () => {
  const { path } = new Scratch();
  const session = await prepared(path);
  const server = await listen(session);
  publishSession(session);
  assert.deepEqual([session.dir, session.patches, dirname(session.socket)].map(mode), ["700", "700", "700"]);
  assert.deepEqual([session.file, session.socket].map(mode), ["600", "600"]);
  assert.ok(Buffer.byteLength(session.socket) < 108);
  assert.deepEqual(JSON.parse(readFileSync(session.file, "utf8")), {
    version: 1,
    socket: session.socket,
    pid: process.pid,
    patches: session.patches,
  });
  await server.close();
  removeSession(session);
  assert.equal(existsSync(session.file) || existsSync(dirname(session.socket)), false);
});

test("a build directory that is served already is refused", async () => {
  const { path } = new Scratch();
  const session = await prepared(path);
  const server = await listen(session);
  publishSession(session);
  assert.match(await refusal(path), new RegExp(`E_SESSION_BUSY .*process id ${process.pid} serves`));
  assert.ok(existsSync(session.file), "the other server's file stays");
  await server.close();
  removeSession(session);
});

test("what a killed server left is taken over", async () => {
  const { path } = new Scratch();
  const session = await prepared(path);
  await leaveSocket(session.socket);
  publishSession(session);
  const again = await prepared(path);
  assert.equal(existsSync(again.socket) || existsSync(again.file), false);
  const server = await listen(again);
  await server.close();
  removeSession(again);
});

test("a server that lost its session to another one leaves it alone", async () => {
  const session = await prepared(new Scratch().path);
  const other = { version: 1, socket: "/elsewhere", pid: process.pid + 1, patches: session.patches };
  writeFileSync(session.file, JSON.stringify(other));
  removeSession(session);
  assert.ok(existsSync(session.file));
});

test("modes that are too open are closed", async () => {
  const scratch = new Scratch();
  mkdirSync(scratch.file(".hotreload/patches"), { recursive: true });
  chmodSync(scratch.file(".hotreload"), 0o777);
  chmodSync(scratch.file(".hotreload/patches"), 0o777);
  const session = await prepared(scratch.path);
  assert.deepEqual([session.dir, session.patches].map(mode), ["700", "700"]);
});

test("a symbolic link or a file in the place of a directory is refused", async () => {
  const elsewhere = new Scratch();
  const linked = new Scratch();
  symlinkSync(elsewhere.path, linked.file(".hotreload"));
  assert.match(await refusal(linked.path), /E_SESSION_OWNER/);
  const file = new Scratch({ ".hotreload": "" });
  assert.match(await refusal(file.path), /E_SESSION_OWNER/);
  const json = new Scratch();
  mkdirSync(json.file(".hotreload"));
  symlinkSync("/etc/passwd", json.file(".hotreload/session.json"));
  assert.match(await refusal(json.path), /E_SESSION_OWNER/);
});

if (isRoot) {
  test("directories and files of another user are refused", async () => {
    const directory = new Scratch();
    mkdirSync(directory.file(".hotreload"));
    chownSync(directory.file(".hotreload"), NOBODY, NOBODY);
    assert.match(await refusal(directory.path), /E_SESSION_OWNER .*belongs to user 65534/);

    const file = new Scratch({ ".hotreload/session.json": "{}" });
    lchownSync(file.file(".hotreload/session.json"), NOBODY, NOBODY);
    assert.match(await refusal(file.path), /E_SESSION_OWNER .*session\.json belongs to user 65534/);

    const socket = new Scratch();
    const place = socketDirectory(socket.path);
    mkdirSync(place);
    chownSync(place, NOBODY, NOBODY);
    assert.match(await refusal(socket.path), /E_SESSION_OWNER/);
    chownSync(place, 0, 0);
    removeSession(await prepared(socket.path));
  });
}

test("the socket is in the user's runtime directory where there is one that is ours and short enough", () => {
  const scratch = new Scratch();
  const before = process.env.XDG_RUNTIME_DIR;
  try {
    process.env.XDG_RUNTIME_DIR = scratch.path;
    assert.equal(dirname(socketDirectory("/b")), scratch.path);
    for (const unusable of [scratch.file("missing"), scratch.file("x".repeat(90)), "relative"]) {
      process.env.XDG_RUNTIME_DIR = unusable;
      assert.match(socketDirectory("/b"), /^\/tmp\/hotreload-\d+-[0-9a-f]{16}$/);
    }
  } finally {
    if (before === undefined) delete process.env.XDG_RUNTIME_DIR;
    else process.env.XDG_RUNTIME_DIR = before;
  }
});

/** Leaves the file of a socket at which nobody listens, as a killed server does. */
async function leaveSocket(path: string): Promise<void> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.x`, resolve));
  // Node removes the name that it listened at, and this is another one by then.
  renameSync(`${path}.x`, path);
  await new Promise((resolve) => server.close(resolve));
  assert.ok(existsSync(path));
}

test.run();

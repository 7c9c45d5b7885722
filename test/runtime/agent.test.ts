// The agent inside a real process, against a real WebSocket server on a Unix socket.

import { strict as assert } from "node:assert";
import { chownSync, copyFileSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import type { LoadedModule, ReservedRange } from "../../plugin/process.js";
import { until } from "../devserver/inbox.js";
import { Scratch } from "../devserver/scratch.js";
import { buildHost, Host } from "./host.js";
import { makePatchLibrary } from "./patch_library.js";
import { buildRuntime, run } from "./programs.js";
import { type Connection, Server } from "./server.js";

const REACH = 1.5 * 2 ** 30;
const MIB = 2 ** 20;
const NOBODY = 65534;

const scratch = new Scratch();
const test = suite("agent");
const runtime = await buildRuntime(scratch.file("runtime"));
await buildHost(scratch.file("host"), runtime);

/** A session with a copy of the host in it, in a directory below. */
async function makeSession(
  name: string,
  original = scratch.file("host"),
): Promise<{ server: Server; program: string }> {
  const directory = scratch.file(name);
  mkdirSync(join(directory, "bin"), { recursive: true });
  const program = join(directory, "bin", "host");
  copyFileSync(original, program);
  const server = new Server(directory);
  await server.listen();
  return { server, program };
}

/** Runs the body with a host that is connected to a server of its own. */
async function withHost(
  name: string,
  body: (host: Host, connection: Connection, server: Server, program: string) => Promise<void>,
): Promise<void> {
  const { server, program } = await makeSession(name);
  const host = new Host(program);
  try {
    await body(host, await server.next(), server, program);
    assert.equal(host.stderr, "", "the agent prints nothing");
  } finally {
    await host.end();
    await server.close();
  }
}

async function buildIdOf(path: string): Promise<string> {
  const { stdout } = await run("readelf", ["-n", path]);
  return /Build ID: ([0-9a-f]+)/.exec(stdout)?.[1] ?? "";
}

function startTimeOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
}

function executableOf(modules: readonly LoadedModule[]): LoadedModule {
  const [executable] = modules;
  if (executable === undefined) throw new Error("a process has at least its executable");
  return executable;
}

/** Reserves near the executable, and applies a patch that makes the function add `value`. */
async function patch(
  host: Host,
  connection: Connection,
  server: Server,
  number: number,
  value: number,
  range: ReservedRange,
): Promise<string> {
  const library = join(server.patches, `${host.pid}-${number}.so`);
  const entry = BigInt(await host.ask("address"));
  await makePatchLibrary(library, { start: range.start + number * MIB, entry, value });
  await connection.expect("applied", { type: "apply", patch: number, libraries: [library] });
  return library;
}

async function reserve(connection: Connection, modules: readonly LoadedModule[]): Promise<ReservedRange> {
  const { start, end } = executableOf(modules);
  const { range } = await connection.expect("reserved", { type: "reserve", start, end, size: 16 * MIB });
  return range;
}

test("a process says who it is and what it has loaded", () =>
  withHost("hello", async (host, connection, _server, program) => {
    const hello = await connection.hello();
    assert.equal(hello.protocol, 1);
    assert.equal(hello.pid, host.pid);
    assert.equal(hello.parentPid, process.pid);
    assert.equal(hello.startTime, startTimeOf(host.pid));
    assert.equal(hello.executable, program);
    assert.deepEqual([hello.ranges, hello.applied], [[], []]);
    const executable = executableOf(hello.modules);
    assert.equal(executable.path, program);
    assert.equal(executable.buildId, await buildIdOf(program));
    assert.equal(executable.start, executable.bias);
    const address = Number(await host.ask("address"));
    assert.ok(address > executable.start && address < executable.end);
    assert.ok(hello.modules.some(({ path }) => path === runtime));
    assert.ok(hello.modules.some(({ path, tlsModule }) => /\/libc\.so\.6$/.test(path) && tlsModule > 0));
    assert.ok(hello.modules.every(({ path }) => path.startsWith("/")));
    const survey = await connection.expect("surveyed", { type: "survey" });
    assert.deepEqual(survey.modules, hello.modules);
  }));

test("an executable that was rebuilt on disk keeps its path", () =>
  withHost("rebuilt", async (_host, connection, server, program) => {
    const hello = await connection.hello();
    copyFileSync(program, `${program}.new`);
    renameSync(`${program}.new`, program);
    await server.close();
    await server.listen();
    const again = await (await server.next()).hello();
    assert.equal(again.executable, program);
    assert.deepEqual(again.modules, hello.modules);
  }));

test("a range is reserved within reach, and refused where there is none", () =>
  withHost("reserve", async (_host, connection) => {
    const { modules } = await connection.hello();
    for (const { start, end } of modules) {
      const { range } = await connection.expect("reserved", { type: "reserve", start, end, size: 64 * MIB });
      assert.equal(range.near, start);
      assert.ok(range.size >= 64 * MIB);
      assert.ok(Math.max(end, range.start + range.size) - Math.min(start, range.start) <= REACH);
      assert.ok(range.start + range.size <= start || range.start >= end);
    }
    const { start, end } = executableOf(modules);
    const refused = await connection.expect("refused", { type: "reserve", start, end, size: 2 * REACH });
    assert.equal(refused.code, "E_AGENT_RANGE");
  }));

test("a patch is applied, known after a reconnection, and followed by the next one", () =>
  withHost("apply", async (host, connection, server) => {
    const { modules } = await connection.hello();
    assert.equal(await host.ask("call 1"), "2");
    const range = await reserve(connection, modules);
    const first = await patch(host, connection, server, 1, 100, range);
    assert.equal(await host.ask("call 1"), "101");
    await server.close();
    assert.equal(await host.ask("call 1"), "101");
    await server.listen();
    const again = await server.next();
    const hello = await again.hello();
    assert.deepEqual(hello.ranges, [range]);
    assert.deepEqual(
      hello.applied.map(({ patch, libraries }) => [patch, libraries.map(({ path, start }) => [path, start])]),
      [[1, [[first, range.start + MIB]]]],
    );
    assert.deepEqual(hello.modules, modules); // patches are no modules
    await patch(host, again, server, 2, 200, range);
    assert.equal(await host.ask("call 1"), "201");
  }));

test("a patch is applied to a program that is linked without -pie", async () => {
  await buildHost(scratch.file("host-no-pie"), runtime, ["-no-pie"]);
  const { server, program } = await makeSession("no-pie", scratch.file("host-no-pie"));
  const host = new Host(program);
  const connection = await server.next();
  const { modules } = await connection.hello();
  assert.equal(executableOf(modules).bias, 0);
  await patch(host, connection, server, 1, 100, await reserve(connection, modules));
  assert.equal(await host.ask("call 1"), "101");
  await host.end();
  await server.close();
});

test("a patch that is refused leaves the process and the connection as they were", () =>
  withHost("refuse", async (host, connection, server) => {
    const { modules } = await connection.hello();
    const range = await reserve(connection, modules);
    const entry = BigInt(await host.ask("address"));
    const inside = join(server.patches, "inside.so");
    const outside = scratch.file("outside.so");
    await makePatchLibrary(inside, { start: range.start, entry: entry + 1n, value: 1 });
    await makePatchLibrary(outside, { start: range.start, entry, value: 1 });
    const cases = [
      [[inside], "E_AGENT_ENTRY"],
      [[outside], "E_AGENT_OUTSIDE"],
      [[join(server.patches, "missing.so")], "E_AGENT_FILE"],
      [[], "E_AGENT_MESSAGE"],
    ] as const;
    for (const [libraries, code] of cases) {
      const refused = await connection.expect("refused", { type: "apply", patch: 1, libraries });
      assert.equal(refused.code, code);
      assert.equal(await host.ask("call 1"), "2");
    }
    await patch(host, connection, server, 1, 100, range);
    assert.equal(await host.ask("call 1"), "101");
  }));

test("a message that is none is refused, and the connection goes on", () =>
  withHost("unknown", async (_host, connection) => {
    await connection.hello();
    for (const text of ["", "junk", "{", "[]", '{"type":"applied"}', '{"type":"survey"}', `${"[".repeat(100_000)}`]) {
      connection.webSocket.send(text);
      const answer = await connection.messages.next("refusal");
      assert.ok(answer.type === "refused" && answer.id === 0 && answer.code === "E_AGENT_MESSAGE");
    }
    await connection.expect("surveyed", { type: "survey" });
  }));

test("a forked child connects as itself, with what its parent had, and goes its own way", () =>
  withHost("fork", async (host, connection, server) => {
    const { modules } = await connection.hello();
    const range = await reserve(connection, modules);
    await patch(host, connection, server, 1, 100, range);
    const forked = Number((await host.ask("fork")).split(" ")[1]);
    const child = await server.next();
    const hello = await child.hello();
    assert.equal(hello.pid, forked);
    assert.equal(hello.parentPid, host.pid);
    assert.equal(hello.startTime, startTimeOf(forked));
    assert.deepEqual(hello.ranges, [range]);
    assert.deepEqual(
      hello.applied.map((applied) => applied.patch),
      [1],
    );
    assert.equal(await host.ask("child call 1"), "101");
    const library = join(server.patches, "child.so");
    const entry = BigInt(await host.ask("address"));
    await makePatchLibrary(library, { start: range.start + 4 * MIB, entry, value: 500 });
    await child.expect("applied", { type: "apply", patch: 2, libraries: [library] });
    assert.equal(await host.ask("child call 1"), "501");
    assert.equal(await host.ask("call 1"), "101");
    await connection.expect("surveyed", { type: "survey" });
    await child.expect("undone", { type: "undo", patch: 2 });
    await child.expect("undone", { type: "undo", patch: 1 });
    assert.deepEqual([await host.ask("child call 1"), await host.ask("call 1")], ["2", "101"]);
    host.tell("child quit");
    await child.closed;
    assert.equal(await host.ask("call 1"), "101");
  }));

test("what was undone is undone in a forked child, and told on every connection", () =>
  withHost("undone", async (host, connection, server) => {
    const { modules } = await connection.hello();
    const range = await reserve(connection, modules);
    for (const number of [1, 2, 3]) await patch(host, connection, server, number, number * 100, range);
    await connection.expect("undone", { type: "undo", patch: 3 });
    await connection.expect("undone", { type: "undo", patch: 2 });
    const { redirectUs } = await connection.expect("redone", { type: "redo", patch: 2 });
    assert.ok(redirectUs < 1000, `${redirectUs} microseconds`);
    assert.equal(await host.ask("call 1"), "201");
    await host.ask("fork");
    const child = await server.next();
    const standings = (await child.hello()).applied.map(({ standing }) => standing);
    assert.deepEqual(standings, ["standing", "standing", "undone"]);
    await child.expect("redone", { type: "redo", patch: 3 });
    assert.deepEqual([await host.ask("child call 1"), await host.ask("call 1")], ["301", "201"]);
    await patch(host, connection, server, 4, 400, range);
    await server.close();
    await connection.closed;
    await server.listen();
    const hellos = await Promise.all([(await server.next()).hello(), (await server.next()).hello()]);
    const again = hellos.find(({ pid }) => pid === host.pid);
    assert.deepEqual(
      again?.applied.map(({ patch, standing }) => [patch, standing]),
      [
        [1, "standing"],
        [2, "standing"],
        [3, "abandoned"],
        [4, "standing"],
      ],
    );
    host.tell("child quit");
  }));

test("callbacks hear of each change before and after it, and can decline it", () =>
  withHost("callbacks", async (host, connection, server) => {
    const { modules } = await connection.hello();
    const range = await reserve(connection, modules);
    assert.equal(await host.ask("register"), "registered 0");
    const library = join(server.patches, "told.so");
    const entry = BigInt(await host.ask("address"));
    await makePatchLibrary(library, { start: range.start + MIB, entry, value: 100 });
    const told = { functions: ["victim", "other"], files: ["/v.c"] };
    const command = { type: "apply", patch: 7, libraries: [library], ...told } as const;
    await connection.expect("applied", command);
    const lines = [
      "before1 0 7 2:victim 1:/v.c",
      "before2 0 7 2:victim 1:/v.c",
      "after2 7 done 101",
      "after1 7 done 101",
    ];
    for (const line of lines) assert.equal(await host.lines.next(line), line);

    host.tell("decline not in the middle of a level");
    const declined = await connection.expect("refused", { type: "undo", patch: 7 });
    assert.equal(declined.code, "E_AGENT_DECLINED");
    assert.match(declined.message, /not in the middle of a level$/);
    assert.equal(await host.lines.next("the first one"), "before1 1 7 0:- 0:-");
    assert.equal(await host.ask("call 1"), "101");
    host.tell("unregister");
    host.tell("decline");
    await connection.expect("undone", { type: "undo", patch: 7 });
    assert.equal(await host.lines.next("only the second one"), "before2 1 7 0:- 0:-");
    assert.equal(await host.lines.next("it is done"), "after2 7 done 2");
    const failed = await connection.expect("refused", { type: "undo", patch: 7 });
    assert.equal(failed.code, "E_AGENT_UNDO");
    await host.lines.next("before a failure", (line) => line.startsWith("before2"));
    await host.lines.next("after a failure", (line) => /^after2 7 .*not the next one to undo 2$/.test(line));
  }));

test("a program that polls is changed when it polls, in that thread, and once", () =>
  withHost("polled", async (host, connection, server) => {
    const { modules } = await connection.hello();
    const range = await reserve(connection, modules);
    assert.equal(await host.ask("poll"), "poll 0");
    host.tell("polled 1");
    const entry = BigInt(await host.ask("address"));
    const libraries = [1, 2].map((number) => join(server.patches, `polled-${number}.so`));
    for (const [index, library] of libraries.entries()) {
      await makePatchLibrary(library, { start: range.start + (index + 1) * MIB, entry, value: 100 * (index + 1) });
    }
    const first = connection.ask({ type: "apply", patch: 1, libraries: libraries.slice(0, 1) });
    const waits = (id: number) => connection.messages.all.some((each) => each.type === "waiting" && each.id === id);
    await until("the change to wait", () => waits(2));
    const busy = await connection.expect("refused", { type: "undo", patch: 1 });
    assert.equal(busy.code, "E_AGENT_BUSY");
    await connection.expect("surveyed", { type: "survey" }); // all else goes on
    assert.equal(await host.ask("call 1"), "2");
    assert.equal(await host.ask("poll"), "poll 1");
    assert.equal((await first).type, "applied");
    assert.deepEqual([await host.ask("call 1"), await host.ask("poll")], ["101", "poll 0"]);

    const second = connection.ask({ type: "apply", patch: 2, libraries: libraries.slice(1) });
    assert.equal(await host.ask("poll-in-threads"), "changed 1");
    assert.equal((await second).type, "applied");
    assert.equal(await host.ask("call 1"), "201");

    const third = connection.ask({ type: "undo", patch: 2 });
    await until(
      "the undo to wait",
      () => connection.messages.all.filter(({ type }) => type === "waiting").length === 3,
    );
    await host.ask("fork"); // the child knows nothing of what waits
    assert.equal(await host.ask("child poll"), "poll 0");
    assert.equal(await host.ask("call 1"), "201");
    host.tell("polled 0"); // what waits is taken by the agent's thread
    assert.equal((await third).type, "undone");
    assert.deepEqual([await host.ask("call 1"), await host.ask("child call 1")], ["101", "201"]);
    host.tell("child quit");
  }));

test("a program says its name and asks for a reload", () =>
  withHost("own-name", async (host, connection, server) => {
    assert.equal((await connection.hello()).name, "");
    host.tell('name worker "3"');
    const named = await connection.messages.next("name", ({ type }) => type === "named");
    assert.ok(named.type === "named" && named.name === 'worker "3"');
    host.tell("request");
    await connection.messages.next("wish", ({ type }) => type === "wish");
    await server.close();
    await connection.closed;
    await server.listen();
    assert.equal((await (await server.next()).hello()).name, 'worker "3"');
  }));

test("a program that execs itself connects anew, without patches", () =>
  withHost("exec", async (host, connection, server) => {
    const { modules } = await connection.hello();
    await patch(host, connection, server, 1, 100, await reserve(connection, modules));
    host.tell("exec");
    await connection.closed;
    const hello = await (await server.next()).hello();
    assert.equal(hello.pid, host.pid);
    assert.deepEqual([hello.ranges, hello.applied], [[], []]);
    assert.equal(await host.ask("call 1"), "2");
  }));

test("an agent finds a server that comes later, and one that comes back", async () => {
  const directory = scratch.file("later");
  mkdirSync(directory);
  const program = join(directory, "host");
  copyFileSync(scratch.file("host"), program);
  const host = new Host(program);
  try {
    assert.equal(await host.ask("call 1"), "2"); // it runs, and there is no session yet
    const server = new Server(directory);
    await server.listen();
    for (let round = 0; round < 3; round++) {
      const connection = await server.next();
      assert.equal((await connection.hello()).pid, host.pid);
      await connection.expect("surveyed", { type: "survey" });
      await server.close();
      await connection.closed;
      await server.listen();
    }
    await server.close();
    assert.equal(host.stderr, "");
  } finally {
    await host.end();
  }
});

test("HOTRELOAD_SESSION names the session", async () => {
  const server = new Server(scratch.file("named"));
  await server.listen();
  const session = join(scratch.file("named"), ".hotreload", "session.json");
  const host = new Host(scratch.file("host"), [], { env: { ...process.env, HOTRELOAD_SESSION: session } });
  const hello = await (await server.next()).hello();
  assert.equal(hello.executable, scratch.file("host"));
  await host.end();
  await server.close();
});

test("a program of another user connects to its own session, also after it gave up root", async () => {
  if (process.getuid?.() !== 0) return;
  const { server, program } = await makeSession("nobody");
  for (const path of [".hotreload", ".hotreload/session.json", ".hotreload/patches", ".hotreload/agents"]) {
    chownSync(join(scratch.file("nobody"), path), NOBODY, NOBODY);
  }
  await run("chmod", ["-R", "go+rX", scratch.path]);
  const other = new Host("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", program]);
  const connection = await server.next();
  assert.equal((await connection.hello()).pid, other.pid);
  await other.end();
  // While it is root the session is not its own.
  const root = new Host(program);
  assert.equal(await root.ask("call 1"), "2");
  assert.deepEqual(server.connections.rest, []);
  assert.equal(await root.ask("drop-root"), "dropped");
  assert.equal((await (await server.next()).hello()).pid, root.pid);
  await root.end();
  await server.close();
});

test.after(async () => {
  await Host.endAll();
  await Server.closeAll();
});
test.run();

// The agents' socket under attack: what is no agent is dropped, and the next agent is served as if nothing had been.

import assert from "node:assert/strict";
import { createConnection, type Socket } from "node:net";
import { suite } from "uvu";
import { type AgentServer, listenForAgents, MAX_MESSAGE_BYTES } from "../../devserver/agent_server.js";
import { type Agent, Agents } from "../../devserver/agents.js";
import type { PeerCredentials } from "../../devserver/peer.js";
import type { Problem } from "../../plugin/errors.js";
import { Inbox } from "./inbox.js";
import { Scratch } from "./scratch.js";
import { hello, ScriptedAgent } from "./scripted_agent.js";

const test = suite("agent server");

interface Server {
  readonly socket: string;
  readonly connected: Inbox<Agent>;
  readonly problems: Inbox<Problem>;
  readonly agents: Agents;
}

let running: AgentServer | undefined;
let watching: Agents | undefined;

async function serve(credentials?: PeerCredentials): Promise<Server> {
  const socket = new Scratch().file("agents");
  const connected = new Inbox<Agent>();
  const problems = new Inbox<Problem>();
  const agents = new Agents(problems.push, { helloMs: 200, deadlines: { askMs: 100, applyMs: 100 } });
  agents.begin({ connected: connected.push, wished: () => {}, inherited: () => {}, exited: () => {} });
  const server = await listenForAgents({
    socket,
    credentials,
    onConnection: (connection) => agents.accept(connection),
    onProblem: problems.push,
    onCommand: async (command) => (command === "undo" ? { did: command } : undefined),
    handshakeMs: 200,
  });
  assert.ok(server.ok);
  running = server.value;
  watching = agents;
  return { socket, connected, problems, agents };
}

test.after.each(async () => {
  // As the dev server ends: first nobody is looked after, then the connections are dropped.
  watching?.close();
  await running?.close();
  running = undefined;
  watching = undefined;
});

/** Sends bytes, and resolves to what comes back until the server closes the connection. */
function exchange(path: string, bytes: string | Buffer, keepOpen = false): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket: Socket = createConnection(path, () => {
      socket.write(bytes);
      if (!keepOpen) socket.end();
    });
    socket.setEncoding("latin1").on("data", (text: string) => {
      answer += text;
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(answer));
  });
}

const KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

function upgrade(path: string, headers = ""): string {
  return `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${KEY}${headers}\r\n`;
}

/** The proof that the server goes on: an agent connects, and is asked something. */
async function stillServes(server: Server): Promise<void> {
  const client = await ScriptedAgent.start(server.socket);
  const agent = await server.connected.next("connection");
  assert.deepEqual(await agent.survey(), { kind: "done", value: undefined });
  client.close();
  await client.closed;
}

test("a WebSocket with an Origin is a browser's, and gets 403", async () => {
  const server = await serve();
  for (const origin of ["http://evil.example", "null", "http://localhost"]) {
    assert.match(await exchange(server.socket, upgrade("/agent", `Origin: ${origin}\r\n`), true), /^HTTP\/1\.1 403 /);
  }
  assert.match(
    await exchange(server.socket, upgrade("/agent", "Sec-WebSocket-Origin: x\r\n"), true),
    /^HTTP\/1\.1 403 /,
  );
  await stillServes(server);
});

test("whatever is not the agents' endpoint gets a 4xx and no more", async () => {
  const server = await serve();
  const requests: [string, RegExp][] = [
    [upgrade("/"), /^HTTP\/1\.1 404 /],
    [upgrade("/agent/../agent"), /^HTTP\/1\.1 404 /],
    [upgrade("/agent?x"), /^HTTP\/1\.1 404 /],
    ["GET /agent HTTP/1.1\r\nHost: x\r\n\r\n", /^HTTP\/1\.1 426 /],
    ["POST /agent HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", /^HTTP\/1\.1 405 /],
    ["GET /etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", /^HTTP\/1\.1 404 /],
    ["CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", /^HTTP\/1\.1 400 /],
    [`GET /agent HTTP/1.1\r\nHost: x\r\nX: ${"x".repeat(40_000)}\r\n\r\n`, /^HTTP\/1\.1 4\d\d /],
    ["\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 junk\r\n\r\n", /^HTTP\/1\.1 400 /],
  ];
  for (const [request, status] of requests) assert.match(await exchange(server.socket, request, true), status, request);
  await stillServes(server);
});

test("half a handshake, no handshake and no hello are dropped after the deadline", async () => {
  const server = await serve();
  await Promise.all([
    exchange(server.socket, upgrade("/agent").slice(0, 40), true),
    exchange(server.socket, "", true),
    exchange(server.socket, "POST /agent HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n", true),
    exchange(server.socket, upgrade("/agent"), true),
  ]);
  await stillServes(server);
});

test("junk after the handshake closes the connection with the reason", async () => {
  const server = await serve();
  const junk: [string | Uint8Array, RegExp][] = [
    ["{", /not JSON/],
    ['{"type":"apply","id":1}', /the protocol does not have/],
    [Buffer.from([1, 2, 3]), /binary/],
    ['{"type":"surveyed","id":1,"modules":[]}', /first message is not hello/],
  ];
  for (const [message, reason] of junk) {
    const client = await ScriptedAgent.connect(server.socket);
    client.send(message);
    assert.equal(await client.closed, 1008);
    assert.match((await server.problems.next("problem")).message, reason);
  }
  assert.equal(server.connected.all.length, 0);
  await stillServes(server);
});

test("a hello twice, and an answer that nobody asked for, close the connection", async () => {
  const server = await serve();
  for (const [message, reason] of [
    [hello(), /hello twice/],
    [{ type: "surveyed", id: 7, modules: [] }, /command 7, which is not open/],
  ] as const) {
    const client = await ScriptedAgent.start(server.socket);
    await server.connected.next("connection");
    client.send(message);
    assert.equal(await client.closed, 1008);
    assert.match((await server.problems.next("problem")).message, reason);
  }
  await stillServes(server);
});

test("a message beyond the limit, one that never ends, and broken frames close the connection", async () => {
  const server = await serve();
  const big = await ScriptedAgent.connect(server.socket);
  big.send("x".repeat(MAX_MESSAGE_BYTES + 1));
  assert.ok([1006, 1009].includes(await big.closed));
  // Frames by hand: announced with 2^40 bytes; fragments without an end; a reserved opcode.
  const mask = Buffer.from([0, 0, 0, 0]);
  const announced = Buffer.concat([Buffer.from([0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0]), mask]);
  const fragment = Buffer.concat([Buffer.from([0x00, 0x81]), mask, Buffer.from("x")]);
  const fragments = Buffer.concat([Buffer.from([0x01, 0x80]), mask, ...Array.from({ length: 20_000 }, () => fragment)]);
  const reserved = Buffer.concat([Buffer.from([0x83, 0x80]), mask]);
  for (const frames of [announced, fragments, reserved]) {
    const answer = await exchange(server.socket, Buffer.concat([Buffer.from(upgrade("/agent")), frames]), true);
    assert.match(answer, /^HTTP\/1\.1 101 /);
  }
  await stillServes(server);
});

test("2 MiB of modules are a message like any other", async () => {
  const server = await serve();
  const client = await ScriptedAgent.start(server.socket, { executable: `/${"x".repeat(2 * 1024 * 1024)}` });
  assert.equal((await server.connected.next("connection")).executable.length, 2 * 1024 * 1024 + 1);
  client.close();
});

test("a hundred clients that never read or speak do not keep an agent out", async () => {
  const server = await serve();
  const idle = Array.from({ length: 100 }, () => exchange(server.socket, "", true));
  await stillServes(server);
  await Promise.all(idle);
});

test("a process of another user is refused, and the user is told", async () => {
  const server = await serve((fd) => ({ pid: 4711, uid: fd >= 0 ? 4242 : 0 }));
  assert.match(await exchange(server.socket, upgrade("/agent"), true), /^HTTP\/1\.1 403 /);
  const problem = await server.problems.next("problem");
  assert.equal(problem.code, "E_PEER");
  assert.match(problem.message, /4711 of user 4242/);
});

test("a second server at the same socket is refused", async () => {
  const { socket } = await serve();
  const second = await listenForAgents({ socket, onConnection: () => {}, onProblem: () => {} });
  assert.ok(!second.ok && second.problem.code === "E_SESSION_BUSY");
});

const post = (body: string, ...headers: string[]): string =>
  ["POST /command HTTP/1.1", "Host: x", `Content-Length: ${Buffer.byteLength(body)}`, ...headers, "", body].join(
    "\r\n",
  );
const JSON_TYPE = "Content-Type: application/json";

test("a command of our own user is carried out, and its answer sent back", async () => {
  const { socket } = await serve();
  const answer = await exchange(socket, post('{"command":"undo"}', JSON_TYPE));
  assert.match(answer, /^HTTP\/1\.1 200 /);
  assert.match(answer, /\{"did":"undo"\}/);
});

test("what is no command, or comes from a page, is refused", async () => {
  const { socket, problems } = await serve();
  const status = async (text: string) => /^HTTP\/1\.1 (\d+)/.exec(await exchange(socket, text))?.[1];
  assert.equal(await status(post('{"command":"walk"}', JSON_TYPE)), "404");
  assert.equal(await status(post('{"command":1}', JSON_TYPE)), "400");
  assert.equal(await status(post("undo", JSON_TYPE)), "400");
  assert.equal(await status(post("null", JSON_TYPE)), "400");
  assert.equal(await status(post('{"command":"undo"}', "Content-Type: text/plain")), "415");
  assert.equal(await status(post(`{"command":"undo","x":"${"y".repeat(5000)}"}`, JSON_TYPE)), "413");
  assert.equal(await status(post('{"command":"undo"}', JSON_TYPE, "Origin: http://evil.example")), "403");
  assert.equal(await status(post('{"command":"undo"}', JSON_TYPE, "Origin: null")), "403");
  assert.equal(await status("GET /command HTTP/1.1\r\nHost: x\r\n\r\n"), "404");
  assert.deepEqual(problems.rest, []);
});

test("a command of another user is refused, and the user is told", async () => {
  const { socket, problems } = await serve(() => ({ pid: 1, uid: (process.getuid?.() ?? 0) + 1 }));
  assert.match(await exchange(socket, post('{"command":"undo"}', JSON_TYPE)), /^HTTP\/1\.1 403 /);
  assert.equal((await problems.next("E_PEER")).code, "E_PEER");
});

test.run();

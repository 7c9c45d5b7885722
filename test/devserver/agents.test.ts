// One object a process: commands and answers, silence and what comes late, connections that break and come back.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { suite } from "uvu";
import { type AgentServer, listenForAgents } from "../../devserver/agent_server.js";
import { type Agent, Agents, type KeptBlock } from "../../devserver/agents.js";
import { processStat } from "../../plugin/command.js";
import type { Problem } from "../../plugin/errors.js";
import { Inbox, until } from "./inbox.js";
import { Scratch } from "./scratch.js";
import { module, obedient, range, ScriptedAgent } from "./scripted_agent.js";

const test = suite("agents");
const connected = new Inbox<Agent>();
const wished = new Inbox<Agent>();
const inherited = new Inbox<KeptBlock>();
const exited = new Inbox<{ pid: number }>();
const problems = new Inbox<Problem>();
const socket = new Scratch().file("agents");
let agents: Agents;
let server: AgentServer;

test.before(async () => {
  agents = new Agents(problems.push, { deadlines: { askMs: 100, applyMs: 100 } });
  const listening = await listenForAgents({
    socket,
    onConnection: (connection) => agents.accept(connection),
    onProblem: problems.push,
  });
  assert.ok(listening.ok);
  server = listening.value;
});

test.after(async () => {
  agents.close();
  await server.close();
});

test("processes that connect before anybody looks are told of when somebody does", async () => {
  const client = await ScriptedAgent.start(socket);
  await until("the hello to arrive", () => agents.connected.length === 1);
  assert.equal(connected.all.length, 0);
  agents.begin({
    connected: connected.push,
    wished: wished.push,
    inherited: (_, block) => inherited.push(block),
    exited: exited.push,
  });
  assert.equal((await connected.next("connection")).pid, process.pid);
  client.close();
  await client.closed;
});

test("what the process answers becomes what is known of it", async () => {
  const library = { path: "/p/1.so", start: 0x10000000, size: 4096, tlsModule: 0, kept: [] };
  const modules = [module("/b/app"), module("/b/lib.so", 0x800000)];
  const client = await ScriptedAgent.start(socket, { ranges: [range(1)] }, (message) => obedient(message, modules));
  const agent = await connected.next("connection");
  assert.deepEqual(await agent.survey(), { kind: "done", value: undefined });
  assert.deepEqual(await agent.reserve(module("/b/lib.so", 0x800000), 4096), { kind: "done", value: undefined });
  assert.deepEqual(await agent.apply(3, ["/p/1.so"]), {
    kind: "done",
    value: { patch: 3, libraries: [library], standing: "standing" },
  });
  const view = agent.view();
  assert.deepEqual(view.modules, modules);
  assert.deepEqual(
    view.ranges.map((each) => each.near),
    [1, 0x800000],
  );
  assert.deepEqual(view.applied, [{ patch: 3, libraries: [library], standing: "standing" }]);
  assert.deepEqual(
    client.received.all.map((message) => message.type),
    ["survey", "reserve", "apply"],
  );
  client.close();
  await client.closed;
});

test("a refusal comes with its code, and changes nothing of what is known", async () => {
  const client = await ScriptedAgent.start(socket, {}, (message) => ({
    type: "refused",
    id: message.id,
    code: "E_AGENT_MOVED",
    message: "landed elsewhere",
  }));
  const agent = await connected.next("connection");
  const answer = await agent.apply(1, ["/p/1.so"]);
  assert.deepEqual(answer, { kind: "refused", code: "E_AGENT_MOVED", message: "landed elsewhere" });
  assert.deepEqual(agent.view().applied, []);
  client.close();
  await client.closed;
});

test("a place that is given up takes from its range what lies before it, and from no other range", async () => {
  const ranges = [
    { near: 1, start: 0x10000, size: 0x8000 },
    { near: 2, start: 0x20000, size: 0x8000 },
  ];
  const client = await ScriptedAgent.start(socket, { ranges });
  const agent = await connected.next("connection");
  agent.giveUp({ start: 0x11000, size: 0x2000 });
  agent.giveUp({ start: 0x27000, size: 0x2000 });
  assert.deepEqual(agent.view().ranges, [{ near: 1, start: 0x13000, size: 0x5000 }, ranges[1]]);
  client.close();
  await client.closed;
});

test("a command that is not answered in time is silent, and its answer counts when it comes", async () => {
  const client = await ScriptedAgent.start(socket, {}, () => undefined);
  const agent = await connected.next("connection");
  const answer = await agent.apply(1, ["/p/1.so"]);
  assert.ok(answer.kind === "silent");
  client.send(obedient(await client.received.next("command")));
  assert.equal((await answer.late).kind, "done");
  assert.equal(agent.view().applied.length, 1);
  client.close();
  await client.closed;
});

test("a connection that ends leaves no command waiting", async () => {
  const client = await ScriptedAgent.start(socket, {}, () => undefined);
  const agent = await connected.next("connection");
  const answer = agent.survey();
  await client.received.next("command");
  client.close();
  assert.deepEqual(await answer, { kind: "gone" });
  assert.deepEqual(await agent.survey(), { kind: "gone" });
});

test("a process that could not understand a message says so, and the user is told", async () => {
  const client = await ScriptedAgent.start(socket);
  await connected.next("connection");
  client.send({ type: "refused", id: 0, code: "E_AGENT_MESSAGE", message: "what?" });
  assert.match((await problems.next("problem")).message, /did not understand a message: what\?/);
  await client.closed;
});

test("a connection that breaks is no end of the process, and a new one takes the place of the old", async () => {
  const child = spawn("sleep", ["60"]);
  const pid = child.pid ?? 0;
  const identity = { pid, startTime: processStat(pid)?.startTime ?? 0 };
  const first = await ScriptedAgent.start(socket, identity);
  await connected.next("connection");
  first.close();
  await first.closed;
  const second = await ScriptedAgent.start(socket, identity);
  await connected.next("connection");
  const third = await ScriptedAgent.start(socket, identity);
  const agent = await connected.next("connection");
  await second.closed;
  assert.ok(agents.connected.includes(agent));
  assert.equal(agents.connected.filter((each) => each.pid === pid).length, 1);
  assert.equal(exited.all.filter((each) => each.pid === pid).length, 0);
  child.kill("SIGKILL");
  third.close();
  await exited.next("exit", (process) => process.pid === pid);
});

test("nothing is looked after once it is closed: a connection that the server drops keeps nothing running", async () => {
  const closing = new Agents(problems.push);
  const path = new Scratch().file("agents");
  const listening = await listenForAgents({
    socket: path,
    onConnection: (connection) => closing.accept(connection),
    onProblem: problems.push,
  });
  assert.ok(listening.ok);
  const client = await ScriptedAgent.start(path);
  await until("the hello to arrive", () => closing.connected.length === 1);
  const timers = (): number => process.getActiveResourcesInfo().filter((each) => each === "Timeout").length;
  const before = timers();
  closing.close();
  await listening.value.close();
  await client.closed;
  await until("the connection to be forgotten", () => closing.connected.length === 0);
  assert.ok(timers() <= before, "no timer was begun");
});

test("a change that the program takes at its own point is awaited by nobody, and counts when its answer comes", async () => {
  const client = await ScriptedAgent.start(socket, { name: "one" }, (message) => {
    return message.type === "apply" ? { type: "waiting", id: message.id } : obedient(message);
  });
  await until("the hello to arrive", () => agents.connected.length === 1);
  const [agent] = agents.connected;
  assert.ok(agent?.name === "one");
  const answer = await agent.apply(4, ["/p/1.so"], { functions: ["f"], files: ["/f.c"] });
  assert.ok(answer.kind === "silent" && answer.why === "waiting", JSON.stringify(answer));
  const asked = await client.received.next("apply", ({ type }) => type === "apply");
  assert.ok(asked.type === "apply" && asked.functions?.[0] === "f" && asked.files?.[0] === "/f.c");
  client.send(obedient(asked));
  assert.equal((await answer.late).kind, "done");
  assert.equal(agent.view().applied.at(-1)?.patch, 4);
  client.send({ type: "named", name: "two" });
  client.send({ type: "state", key: "ball", size: 16, left: 8 });
  assert.deepEqual(await inherited.next("state"), { key: "ball", size: 16, left: 8 });
  client.send({ type: "wish" });
  assert.equal((await wished.next("wish")).name, "two");
  client.close();
  await client.closed;
});

test.run();

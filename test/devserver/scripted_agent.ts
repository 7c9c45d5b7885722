// A client that speaks the agent's side of the protocol over the real socket, and answers as a test tells it.

import WebSocket from "ws";
import { AGENT_ENDPOINT, type AgentMessage, type ServerMessage } from "../../devserver/protocol.js";
import { processStat } from "../../plugin/command.js";
import type { LoadedModule, ReservedRange } from "../../plugin/process.js";
import { Inbox } from "./inbox.js";

type Hello = Extract<AgentMessage, { type: "hello" }>;
type Reply = Exclude<AgentMessage, Hello>;

export function module(path: string, start = 0x400000): LoadedModule {
  return { path, buildId: "0123abcd", bias: start, start, end: start + 0x10000, tlsModule: 0 };
}

export function range(near: number, start = 0x10000000): ReservedRange {
  return { near, start, size: 64 * 1024 * 1024 };
}

/** A hello of this very process, which is alive. */
export function hello(fields: Partial<Hello> = {}): Hello {
  return {
    type: "hello",
    protocol: 1,
    pid: process.pid,
    parentPid: process.ppid,
    startTime: processStat(process.pid)?.startTime ?? 0,
    executable: "/b/app",
    name: "",
    modules: [module("/b/app")],
    ranges: [],
    applied: [],
    ...fields,
  };
}

/** What an agent of a healthy process answers. */
export function obedient(message: ServerMessage, modules: readonly LoadedModule[] = [module("/b/app")]): Reply {
  switch (message.type) {
    case "survey":
      return { type: "surveyed", id: message.id, modules };
    case "reserve":
      return { type: "reserved", id: message.id, range: range(message.start) };
    case "apply": {
      const libraries = message.libraries.map((path) => ({
        path,
        start: 0x10000000,
        size: 4096,
        tlsModule: 0,
        kept: [],
      }));
      return { type: "applied", id: message.id, patch: message.patch, libraries, loadUs: 1, redirectUs: 1 };
    }
    case "undo":
    case "redo": {
      const type = message.type === "undo" ? "undone" : "redone";
      return { type, id: message.id, patch: message.patch, redirectUs: 1 };
    }
  }
}

export class ScriptedAgent {
  /** What the server sent. */
  readonly received = new Inbox<ServerMessage>();
  readonly closed: Promise<number>;

  private constructor(private readonly socket: WebSocket) {
    this.closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("message", (data) => this.received.push(JSON.parse(String(data))));
    socket.on("error", () => {});
  }

  /** Connects, without a hello. */
  static async connect(path: string): Promise<ScriptedAgent> {
    const socket = new WebSocket(`ws+unix://${path}:${AGENT_ENDPOINT}`, { perMessageDeflate: false });
    const agent = new ScriptedAgent(socket);
    await new Promise((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    });
    return agent;
  }

  /** Connects, says hello, and answers every command at once; `answer` may say otherwise, or nothing at all. */
  static async start(
    path: string,
    fields: Partial<Hello> = {},
    answer: (message: ServerMessage) => Reply | undefined = obedient,
  ): Promise<ScriptedAgent> {
    const agent = await ScriptedAgent.connect(path);
    agent.socket.on("message", (data) => {
      const reply = answer(JSON.parse(String(data)));
      if (reply !== undefined) agent.send(reply);
    });
    agent.send(hello(fields));
    return agent;
  }

  send(message: AgentMessage | string | Uint8Array): void {
    this.socket.send(typeof message === "string" || message instanceof Uint8Array ? message : JSON.stringify(message));
  }

  close(): void {
    this.socket.terminate();
  }
}

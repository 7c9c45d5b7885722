// The connected processes: one Agent each, commands to it and its answers.

import type { RawData, WebSocket } from "ws";
import { processStat } from "../plugin/command.js";
import { failure, type Problem, type Result, success } from "../plugin/errors.js";
import type { ProcessView } from "../plugin/patcher.js";
import type { AppliedPatch, LoadedModule, ReservedRange, Standing } from "../plugin/process.js";
import { decodeAgentMessage } from "./decode.js";
import type { AgentMessage, ServerMessage, Told } from "./protocol.js";

/** "waiting": the program takes changes at a point of its own, and has not come to it. */
export type Silence = "unknown" | "waiting";

/** What became of a command. */
export type Answer<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "refused"; readonly code: string; readonly message: string }
  /** No answer in time (stopped in a debugger?). It may still come, and then counts. */
  | { readonly kind: "silent"; readonly late: Promise<Answer<T>>; readonly why: Silence }
  /** The connection ended before the answer. */
  | { readonly kind: "gone" };

type Hello = Extract<AgentMessage, { type: "hello" }>;
/** What comes without having been asked for. */
type Word = Extract<AgentMessage, { type: "named" | "wish" | "state" }>;
type Reply = Exclude<AgentMessage, Hello | Word | { type: "waiting" }>;
type Command = ServerMessage extends infer M ? (M extends { id: number } ? Omit<M, "id"> : never) : never;

interface Pending {
  readonly expected: Reply["type"];
  readonly resolve: (answer: Answer<Reply>) => void;
  /** There will be an answer, when the program takes the change. */
  readonly wait: () => void;
}

/** One that lets this much pile up unread is no agent. */
const MAX_UNREAD_BYTES = 1024 * 1024;

const MOST_TOLD = 500;

const PAGE = 4096;

/** Most programs that take changes at a point of their own come to it with their next frame or event. */
const WAITING_MS = 1000;

/**
 * After these a command is `silent`. What changes the program runs its callbacks, or the constructors of a patch, and waits
 * for whoever has the lock of the dynamic loader: that may take a while.
 */
export interface Deadlines {
  readonly askMs: number;
  readonly applyMs: number;
}

const DEADLINES: Deadlines = { askMs: 3000, applyMs: 10_000 };

/** A process that said hello. What it last said about itself is kept: `view()` never asks. */
export class Agent {
  private modules: readonly LoadedModule[];
  private ranges: readonly ReservedRange[];
  private applied: readonly AppliedPatch[];
  /** That the program gave itself, "" if none. */
  name: string;
  private readonly pending = new Map<number, Pending>();
  private lastId = 0;

  constructor(
    private readonly connection: WebSocket,
    private readonly hello: Hello,
    private readonly deadlines: Deadlines,
  ) {
    this.modules = hello.modules;
    this.ranges = hello.ranges;
    this.applied = hello.applied;
    this.name = hello.name;
  }

  get pid(): number {
    return this.hello.pid;
  }

  get startTime(): number {
    return this.hello.startTime;
  }

  get executable(): string {
    return this.hello.executable;
  }

  /** When it said hello. */
  get parentPid(): number {
    return this.hello.parentPid;
  }

  view(): ProcessView {
    const { pid, startTime, modules, ranges, applied } = this;
    return { pid, startTime, modules, ranges, applied };
  }

  /** Asks which modules are loaded now. */
  async survey(): Promise<Answer<void>> {
    const answer = await this.request({ type: "survey" }, "surveyed", this.deadlines.askMs);
    return this.accept(answer, (reply) => {
      if (reply.type === "surveyed") this.modules = reply.modules;
    });
  }

  /** Asks for `size` bytes of address space near a module. */
  async reserve(module: LoadedModule, size: number): Promise<Answer<void>> {
    const { start, end } = module;
    const answer = await this.request({ type: "reserve", start, end, size }, "reserved", this.deadlines.askMs);
    return this.accept(answer, (reply) => {
      if (reply.type === "reserved") this.ranges = [...this.ranges, reply.range];
    });
  }

  /**
   * No patch is linked for this place any more, nor for what lies before it in its range: patches come one behind
   * another.
   */
  giveUp(place: { readonly start: number; readonly size: number }): void {
    const end = Math.ceil((place.start + place.size) / PAGE) * PAGE;
    this.ranges = this.ranges.map((range) => {
      const isInside = place.start >= range.start && end <= range.start + range.size;
      return isInside ? { ...range, start: end, size: range.start + range.size - end } : range;
    });
  }

  /** The same for all the ranges that it has so far. */
  abandonRanges(): void {
    this.ranges = [];
  }

  /** Asks to load and redirect; the answer says where the libraries are. */
  async apply(patch: number, libraries: readonly string[], told: Told = {}): Promise<Answer<AppliedPatch>> {
    const command = { type: "apply", patch, libraries, ...cutOff(told) } as const;
    const answer = await this.request(command, "applied", this.deadlines.applyMs);
    return this.accept(answer, (reply) => {
      if (reply.type !== "applied") throw new Error("request() lets only the expected reply through");
      const applied = { patch: reply.patch, libraries: reply.libraries, standing: "standing" } as const;
      const before = this.applied.map((each) => (each.standing === "undone" ? withStanding(each, "abandoned") : each));
      this.applied = [...before, applied];
      return applied;
    });
  }

  /** Asks to undo or redo a patch; the answer is the time that the process took for it, in microseconds. */
  async turn(way: "undo" | "redo", patch: number, told: Told = {}): Promise<Answer<number>> {
    const expected = way === "undo" ? "undone" : "redone";
    const answer = await this.request({ type: way, patch, ...cutOff(told) }, expected, this.deadlines.applyMs);
    return this.accept(answer, (reply) => {
      if (reply.type !== expected) throw new Error("request() lets only the expected reply through");
      const standing = way === "undo" ? "undone" : "standing";
      this.applied = this.applied.map((each) => (each.patch === patch ? withStanding(each, standing) : each));
      return reply.redirectUs;
    });
  }

  /** Hands a reply to the command it answers. E_PROTOCOL if there is none. */
  receive(reply: Reply | { readonly type: "waiting"; readonly id: number }): Result<void> {
    if (reply.type === "refused" && reply.id === 0) {
      return failure("E_PROTOCOL", `Process ${this.pid} did not understand a message: ${reply.message}.`);
    }
    const pending = this.pending.get(reply.id);
    if (reply.type === "waiting" && pending !== undefined) {
      pending.wait();
      return success(undefined);
    }
    if (
      pending === undefined ||
      reply.type === "waiting" ||
      (reply.type !== "refused" && reply.type !== pending.expected)
    ) {
      return failure(
        "E_PROTOCOL",
        `Process ${this.pid} answered ${reply.type} to command ${reply.id}, which is not open.`,
      );
    }
    this.pending.delete(reply.id);
    pending.resolve(
      reply.type === "refused"
        ? { kind: "refused", code: reply.code, message: reply.message }
        : { kind: "done", value: reply },
    );
    return success(undefined);
  }

  /** The connection is closed: no open command will be answered. */
  end(): void {
    for (const pending of this.pending.values()) pending.resolve({ kind: "gone" });
    this.pending.clear();
  }

  drop(): void {
    this.connection.terminate();
  }

  private request(command: Command, expected: Reply["type"], answerMs: number): Promise<Answer<Reply>> {
    if (this.connection.readyState !== this.connection.OPEN) return Promise.resolve({ kind: "gone" });
    if (this.connection.bufferedAmount > MAX_UNREAD_BYTES) {
      this.connection.terminate();
      return Promise.resolve({ kind: "gone" });
    }
    const id = ++this.lastId;
    return new Promise((resolve) => {
      let why: Silence = "unknown";
      const late = new Promise<Answer<Reply>>((answered) => {
        const wait = (): void => {
          why = "waiting";
          setTimeout(giveUp, WAITING_MS).unref();
        };
        this.pending.set(id, { expected, resolve: answered, wait });
      });
      const giveUp = (): void => resolve({ kind: "silent", late, why });
      this.connection.send(JSON.stringify({ ...command, id }));
      const deadline = setTimeout(giveUp, answerMs);
      void late.then((answer) => {
        clearTimeout(deadline);
        resolve(answer);
      });
    });
  }

  private accept<T>(answer: Answer<Reply>, take: (reply: Reply) => T): Answer<T> {
    if (answer.kind === "done") return { kind: "done", value: take(answer.value) };
    if (answer.kind === "silent") return { ...answer, late: answer.late.then((late) => this.accept(late, take)) };
    return answer;
  }
}

/** A block of hotreload_state, in bytes: as the process has it, and as the one before had left it. */
export interface KeptBlock {
  readonly key: string;
  readonly size: number;
  readonly left: number;
}

export interface AgentEvents {
  connected(agent: Agent): void;
  /** The program asks to be brought up to date. */
  wished(agent: Agent): void;
  /** The process before it had left a block of state. */
  inherited(agent: Agent, block: KeptBlock): void;
  /** The process has ended; a connection that only broke is not reported, since the agent comes back. */
  exited(process: { readonly pid: number; readonly startTime: number }): void;
}

export interface AgentsOptions {
  /** A connection that has not said hello by then is dropped. */
  readonly helloMs?: number;
  readonly deadlines?: Deadlines;
}

/** All processes that are connected, by process. */
export class Agents {
  private readonly agents = new Map<string, Agent>();
  private readonly lost = new Map<string, NodeJS.Timeout>();
  private events: AgentEvents | undefined;
  private closed = false;

  /** @param problem takes what a client did wrong (E_PROTOCOL); its connection is closed */
  constructor(
    private readonly problem: (problem: Problem) => void,
    private readonly options: AgentsOptions = {},
  ) {}

  /** Events go there from now on, beginning with the processes that are connected already. */
  begin(events: AgentEvents): void {
    this.events = events;
    for (const agent of this.connected) events.connected(agent);
  }

  get connected(): readonly Agent[] {
    return [...this.agents.values()];
  }

  /** Takes over a WebSocket that was just opened. */
  accept(connection: WebSocket): void {
    let agent: Agent | undefined;
    const deadline = setTimeout(() => connection.terminate(), this.options.helloMs ?? 5000);
    const refuse = (problem: Problem): void => {
      this.problem(problem);
      connection.close(1008, problem.code);
      // One that does not read will not answer the close either.
      setTimeout(() => connection.terminate(), 1000).unref();
    };
    connection.on("error", () => connection.terminate());
    connection.on("close", () => {
      clearTimeout(deadline);
      if (agent !== undefined) this.disconnected(agent);
    });
    connection.on("message", (data: RawData, isBinary: boolean) => {
      if (connection.readyState !== connection.OPEN) return;
      if (isBinary) return refuse({ code: "E_PROTOCOL", message: "A client sent a binary message." });
      const message = decodeAgentMessage(data.toString());
      if (!message.ok) return refuse(message.problem);
      if (message.value.type !== "hello") {
        if (agent === undefined)
          return refuse({ code: "E_PROTOCOL", message: "A client's first message is not hello." });
        if (message.value.type === "named") {
          agent.name = message.value.name;
          return;
        }
        if (message.value.type === "wish") {
          this.events?.wished(agent);
          return;
        }
        if (message.value.type === "state") {
          const { key, size, left } = message.value;
          this.events?.inherited(agent, { key, size, left });
          return;
        }
        const received = agent.receive(message.value);
        if (!received.ok) refuse(received.problem);
        return;
      }
      if (agent !== undefined) return refuse({ code: "E_PROTOCOL", message: `Process ${agent.pid} said hello twice.` });
      clearTimeout(deadline);
      agent = new Agent(connection, message.value, this.options.deadlines ?? DEADLINES);
      this.register(agent);
    });
  }

  /** Stops looking after processes whose connection broke. */
  close(): void {
    this.closed = true;
    for (const timer of this.lost.values()) clearInterval(timer);
    this.lost.clear();
  }

  private register(agent: Agent): void {
    const key = keyOf(agent);
    const previous = this.agents.get(key);
    this.agents.set(key, agent);
    previous?.drop();
    clearInterval(this.lost.get(key));
    this.lost.delete(key);
    this.events?.connected(agent);
  }

  private disconnected(agent: Agent): void {
    agent.end();
    const key = keyOf(agent);
    if (this.agents.get(key) !== agent) return;
    this.agents.delete(key);
    // The connections that break now are those that the server itself drops at its end.
    if (this.closed) return;
    const look = (): void => {
      const stat = processStat(agent.pid);
      if (stat !== undefined && !stat.ended && stat.startTime === agent.startTime) return;
      clearInterval(this.lost.get(key));
      this.lost.delete(key);
      this.events?.exited({ pid: agent.pid, startTime: agent.startTime });
    };
    this.lost.set(key, setInterval(look, 50));
    look();
  }
}

/** An agent reads some thousand values in a message, and nobody reads as many names. */
function cutOff({ functions = [], files = [] }: Told): Told {
  return { functions: functions.slice(0, MOST_TOLD), files: files.slice(0, MOST_TOLD) };
}

function withStanding(patch: AppliedPatch, standing: Standing): AppliedPatch {
  return { ...patch, standing };
}

function keyOf(process: { readonly pid: number; readonly startTime: number }): string {
  return `${process.pid}:${process.startTime}`;
}

// A dev server for tests: a real WebSocket server on a Unix socket, and the session file that leads to it.

import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server as HttpServer } from "node:http";
import type { Socket } from "node:net";
import { join } from "node:path";
import { type WebSocket, WebSocketServer } from "ws";
import { AGENT_ENDPOINT, type AgentMessage, type ServerMessage, type SessionFile } from "../../devserver/protocol.js";
import { Inbox, until } from "../devserver/inbox.js";

type Of<Type extends AgentMessage["type"]> = Extract<AgentMessage, { type: Type }>;

/** One connection of an agent. */
export class Connection {
  readonly messages = new Inbox<AgentMessage>();
  readonly closed: Promise<void>;
  private lastId = 0;

  constructor(readonly webSocket: WebSocket) {
    webSocket.on("message", (data, isBinary) => {
      if (isBinary) throw new Error("an agent sent a binary message");
      this.messages.push(JSON.parse(data.toString()) as AgentMessage);
    });
    webSocket.on("error", () => {});
    this.closed = new Promise((resolve) => {
      webSocket.on("close", () => resolve());
    });
  }

  /** What an inbox shows of it. */
  toJSON(): unknown {
    return this.messages.all;
  }

  async hello(): Promise<Of<"hello">> {
    const message = await this.messages.next("hello");
    if (message.type !== "hello") throw new Error(`the first message is ${message.type}`);
    return message;
  }

  /** Sends a command and waits for its answer. */
  async ask(command: { readonly type: ServerMessage["type"] } & Record<string, unknown>): Promise<AgentMessage> {
    const id = ++this.lastId;
    this.webSocket.send(JSON.stringify({ ...command, id }));
    // Several may be open at once: an answer is found by its id, wherever it is among the messages.
    const answer = () => this.messages.all.find((each) => "id" in each && each.id === id && each.type !== "waiting");
    await until(`answer to ${command.type}`, () => answer() !== undefined);
    return answer() as AgentMessage;
  }

  async expect<Type extends AgentMessage["type"]>(
    type: Type,
    command: { readonly type: ServerMessage["type"] } & Record<string, unknown>,
  ): Promise<Of<Type>> {
    const answer = await this.ask(command);
    if (answer.type !== type) throw new Error(`${command.type} was answered by ${JSON.stringify(answer)}`);
    return answer as Of<Type>;
  }
}

/** The directories of a session, made as the dev server makes them, and the server once it listens. */
export class Server {
  private static readonly listening = new Set<Server>();
  readonly connections = new Inbox<Connection>();
  readonly patches: string;
  readonly socket: string;
  /** Called for each connection, before it is in the inbox. */
  onConnection: (connection: Connection) => void = () => {};
  private http: HttpServer | undefined;
  private readonly sockets = new Set<Socket>();

  /** @param directory where the program lies, or a directory above it */
  constructor(directory: string) {
    const folder = join(directory, ".hotreload");
    this.patches = join(folder, "patches");
    this.socket = join(folder, "agents");
    mkdirSync(folder, { mode: 0o700, recursive: true });
    mkdirSync(this.patches, { mode: 0o700 });
    const session: SessionFile = { version: 1, socket: this.socket, pid: process.pid, patches: this.patches };
    writeFileSync(join(folder, "session.json"), JSON.stringify(session), { mode: 0o600 });
  }

  async listen(): Promise<void> {
    const http = createServer();
    const webSockets = new WebSocketServer({ server: http, path: AGENT_ENDPOINT });
    webSockets.on("connection", (webSocket) => {
      const connection = new Connection(webSocket);
      this.onConnection(connection);
      this.connections.push(connection);
    });
    http.on("connection", (socket: Socket) => {
      this.sockets.add(socket);
      socket.on("close", () => this.sockets.delete(socket));
    });
    await new Promise<void>((resolve) => http.listen(this.socket, resolve));
    chmodSync(this.socket, 0o600);
    this.http = http;
    Server.listening.add(this);
  }

  /** Closes what a test that failed left open. */
  static async closeAll(): Promise<void> {
    await Promise.all([...Server.listening].map((server) => server.close()));
  }

  next(): Promise<Connection> {
    return this.connections.next("connection of an agent");
  }

  /** Drops all connections and stops listening; listen() again is as a server that was started again. */
  async close(): Promise<void> {
    const http = this.http;
    this.http = undefined;
    Server.listening.delete(this);
    if (http === undefined) return;
    const ended = new Promise<void>((resolve) => {
      http.close(() => resolve());
    });
    for (const socket of this.sockets) socket.destroy();
    await ended;
  }
}

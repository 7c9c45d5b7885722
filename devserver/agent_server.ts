// Listens on the session's Unix socket, and lets through WebSockets of agents, commands of our user, and nothing else.

import { chmodSync } from "node:fs";
import { createServer, type IncomingMessage, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { failure, type Problem, type Result, success } from "../plugin/errors.js";
import { type CommandHandler, serveCommand } from "./command_server.js";
import { checkPeer, type PeerCredentials } from "./peer.js";
import { AGENT_ENDPOINT, COMMAND_ENDPOINT } from "./protocol.js";

export interface AgentServerOptions {
  readonly socket: string;
  readonly credentials?: PeerCredentials | undefined;
  /** A WebSocket is open; it has not said hello yet. */
  readonly onConnection: (connection: WebSocket) => void;
  readonly onProblem: (problem: Problem) => void;
  readonly onCommand?: CommandHandler;
  /** A connection that has not become a WebSocket by then is dropped. */
  readonly handshakeMs?: number;
}

export interface AgentServer {
  /** Drops all connections and stops listening. */
  close(): Promise<void>;
}

/** A survey of a process with some thousand modules has less than 2 MiB. */
export const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
const MAX_CONNECTIONS = 1024;

/** E_SESSION_BUSY if another server listens there. */
export async function listenForAgents(options: AgentServerOptions): Promise<Result<AgentServer>> {
  const { onConnection, onProblem, onCommand, handshakeMs = 5000 } = options;
  const sockets = new Set<Socket>();
  const webSockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false });
  const server = createServer({ maxHeaderSize: 16 * 1024, keepAlive: false });
  server.maxConnections = MAX_CONNECTIONS;

  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    const deadline = setTimeout(() => socket.destroy(), handshakeMs);
    socket.once("hotreload:open", () => clearTimeout(deadline));
    socket.once("close", () => {
      clearTimeout(deadline);
      sockets.delete(socket);
    });
    socket.on("error", () => socket.destroy());
  });
  const isOurs = (socket: Socket): boolean => {
    const peer = checkPeer(socket, options.credentials);
    if (!peer.ok) onProblem(peer.problem);
    return peer.ok;
  };
  server.on("request", (request, response) => {
    const isCommand = onCommand !== undefined && request.url === COMMAND_ENDPOINT && request.method === "POST";
    if (isCommand && !isFromPage(request) && isOurs(request.socket)) {
      request.socket.emit("hotreload:open");
      void serveCommand(request, response, onCommand);
      return;
    }
    const status = isCommand ? 403 : (refusal(request) ?? 426);
    response.writeHead(status, { connection: "close", "content-type": "text/plain" });
    response.end(`${STATUS_CODES[status]}\n`);
  });
  server.on("clientError", (_error, socket) => refuse(socket, 400));
  server.on("connect", (_request, socket) => refuse(socket, 400));
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const status = refusal(request);
    if (status !== undefined) return refuse(socket, status);
    if (!isOurs(socket as Socket)) return refuse(socket, 403);
    webSockets.handleUpgrade(request, socket, head, (connection) => {
      socket.emit("hotreload:open");
      onConnection(connection);
    });
  });

  const listening = await new Promise<Result<void>>((resolve) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const busy = error.code === "EADDRINUSE";
      resolve(
        busy
          ? failure("E_SESSION_BUSY", `Another dev server listens at ${options.socket}.`)
          : failure("E_SESSION_OWNER", `The socket ${options.socket} cannot be made: ${error.message}.`),
      );
    });
    server.listen(options.socket, () => resolve(success(undefined)));
  });
  if (!listening.ok) return listening;
  chmodSync(options.socket, 0o600);
  server.on("error", (error) =>
    onProblem({ code: "E_PROTOCOL", message: `The agents' socket failed: ${error.message}.` }),
  );

  return success({
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        webSockets.close();
        for (const socket of sockets) socket.destroy();
      }),
  });
}

/** The status that a request is refused with; undefined for what an agent asks. */
function refusal(request: IncomingMessage): number | undefined {
  if (isFromPage(request)) return 403;
  if (request.url !== AGENT_ENDPOINT) return 404;
  return request.method === "GET" ? undefined : 405;
}

/** Browsers send an Origin with every WebSocket and every POST; agents and terminals never do. */
function isFromPage(request: IncomingMessage): boolean {
  return request.headers.origin !== undefined || request.headers["sec-websocket-origin"] !== undefined;
}

function refuse(socket: Duplex, status: number): void {
  socket.on("error", () => socket.destroy());
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const text = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
  socket.end(text, () => socket.destroy());
}

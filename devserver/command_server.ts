// Takes commands that come over the session's socket from another terminal: a POST of {"command": name}.

import type { IncomingMessage, ServerResponse } from "node:http";

/** Carries a command out; what it resolves to is the answer, undefined if there is no such command. */
export type CommandHandler = (command: string) => Promise<unknown>;

const LONGEST_BODY = 4096;

/** The request is known to be for this endpoint, and of our own user. */
export async function serveCommand(
  request: IncomingMessage,
  response: ServerResponse,
  handle: CommandHandler,
): Promise<void> {
  if (request.headers["content-type"] !== "application/json") return answer(response, 415, "not JSON");
  let text = "";
  request.setEncoding("utf8");
  try {
    for await (const part of request) {
      text += part;
      if (text.length > LONGEST_BODY) return answer(response, 413, "too long");
    }
    const command = commandIn(text);
    if (command === undefined) return answer(response, 400, "not a command");
    const result = await handle(command);
    if (result === undefined) return answer(response, 404, `no command ${JSON.stringify(command)}`);
    answer(response, 200, JSON.stringify(result));
  } catch {
    response.destroy(); // the client went away
  }
}

function commandIn(text: string): string | undefined {
  try {
    const { command } = JSON.parse(text) as { command?: unknown };
    return typeof command === "string" ? command : undefined;
  } catch {
    return undefined;
  }
}

function answer(response: ServerResponse, status: number, text: string): void {
  const type = status === 200 ? "application/json" : "text/plain";
  response.writeHead(status, { connection: "close", "content-type": type });
  response.end(`${text}\n`);
}

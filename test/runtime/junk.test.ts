// A server that sends what no server should: the connection is closed, and the program and its agent go on.

import { strict as assert } from "node:assert";
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { suite } from "uvu";
import { Scratch } from "../devserver/scratch.js";
import { buildHost, Host } from "./host.js";
import { buildRuntime } from "./programs.js";
import { Server } from "./server.js";

const scratch = new Scratch();
const test = suite("junk");

const ACCEPTED =
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

const random = Buffer.from(Array.from({ length: 65536 }, (_unused, index) => (index * 2654435761) >>> 24));

/** What the server does with the socket once it has the agent's request. */
const servers: Readonly<Record<string, (socket: Socket) => void>> = {
  "closes at once": (socket) => socket.destroy(),
  "sends half a header and closes": (socket) => socket.end("HTTP/1.1 101 Swit"),
  "sends half a header and waits": (socket) => socket.write(ACCEPTED.slice(0, 60)),
  "sends nothing": () => {},
  "is another server": (socket) => socket.write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
  "has a wrong key": (socket) => socket.write(ACCEPTED.replace("s3pP", "S3pP")),
  "sends a header without end": (socket) => socket.write(`HTTP/1.1 101 x\r\nX: ${"a".repeat(100_000)}`),
  "sends junk for a header": (socket) => socket.write(random),
  "sends junk for frames": (socket) => socket.write(Buffer.concat([Buffer.from(ACCEPTED), Buffer.of(0xff), random])),
  "sends a binary message": (socket) => socket.write(ACCEPTED) && socket.write(Buffer.of(0x82, 1, 0)),
  "masks its frames": (socket) => socket.write(ACCEPTED) && socket.write(Buffer.of(0x81, 0x81, 1, 2, 3, 4, 5)),
  "announces a frame of 2^62 bytes": (socket) =>
    socket.write(ACCEPTED) && socket.write(Buffer.of(0x81, 127, 0x40, 0, 0, 0, 0, 0, 0, 0, 0x61)),
  "sends a message of 17 MiB": (socket) => {
    const header = Buffer.of(0x81, 127, 0, 0, 0, 0, 1, 0x10, 0, 0);
    socket.write(Buffer.concat([Buffer.from(ACCEPTED), header, Buffer.alloc(17 << 20, "a")]));
  },
  "sends fragments for ever": (socket) => {
    const fragment = Buffer.concat([Buffer.of(0, 127, 0, 0, 0, 0, 0, 1, 0, 0), Buffer.alloc(65536, "a")]);
    socket.write(ACCEPTED);
    socket.write(Buffer.of(0x01, 0));
    const more = (): void => {
      while (!socket.destroyed && socket.write(fragment));
    };
    socket.on("drain", more);
    more();
  },
  "closes with a reason": (socket) => socket.write(ACCEPTED) && socket.write(Buffer.of(0x88, 2, 3, 0xe8)),
};

await buildHost(scratch.file("host"), await buildRuntime(scratch.file("runtime")));

/** Serves one connection that way, until the agent has left it. */
async function serveOnce(path: string, serve: (socket: Socket) => void): Promise<void> {
  const listener = createServer();
  const left = new Promise<void>((resolve) => {
    listener.on("connection", (socket) => {
      socket.on("error", () => {});
      socket.on("close", () => resolve());
      socket.once("data", () => serve(socket));
    });
  });
  await new Promise<void>((resolve) => listener.listen(path, resolve));
  await left;
  listener.close();
}

test("whatever the server sends, the program runs and its agent comes back", async () => {
  const results = Object.entries(servers).map(async ([what, serve], index) => {
    const directory = scratch.file(`junk-${index}`);
    mkdirSync(directory);
    copyFileSync(scratch.file("host"), join(directory, "host"));
    const server = new Server(directory);
    const served = serveOnce(server.socket, serve);
    const host = new Host(join(directory, "host"));
    assert.equal(await host.ask("call 1"), "2", what);
    await served;
    rmSync(server.socket, { force: true });
    await server.listen();
    const connection = await server.next();
    assert.equal((await connection.hello()).pid, host.pid, what);
    await connection.expect("surveyed", { type: "survey" });
    assert.equal(await host.ask("call 1"), "2", what);
    host.tell("quit");
    assert.equal(await host.ended, 7, what);
    assert.equal(host.stderr, "", what);
    await server.close();
  });
  await Promise.all(results);
});

test.after(async () => {
  await Host.endAll();
  await Server.closeAll();
});
test.run();

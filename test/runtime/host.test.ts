// What a program must not notice of the agent inside it.

import { strict as assert } from "node:assert";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import { packageVersion } from "../../plugin/package_root.js";
import { until } from "../devserver/inbox.js";
import { Scratch } from "../devserver/scratch.js";
import { buildHost, Host } from "./host.js";
import { build, buildRuntime, run, runtimeInclude } from "./programs.js";
import { Server } from "./server.js";

const scratch = new Scratch();
const test = suite("host");
const runtime = await buildRuntime(scratch.file("runtime"));
await buildHost(scratch.file("host"), runtime);

async function makeServer(name: string, program = scratch.file("host")): Promise<{ server: Server; program: string }> {
  const directory = scratch.file(name);
  mkdirSync(directory);
  copyFileSync(program, join(directory, "host"));
  const server = new Server(directory);
  await server.listen();
  return { server, program: join(directory, "host") };
}

function statusOf(pid: number, thread: number): Record<string, string> {
  const lines = readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8").split("\n");
  return Object.fromEntries(lines.map((line) => line.split(":\t", 2)));
}

test("the library exports its header and nothing else, has no soname, and finds wslay beside it", async () => {
  const symbols = await run("nm", ["-D", "--defined-only", runtime]);
  const names = [...symbols.stdout.matchAll(/^[0-9a-f]+ T (.*)$/gm)].map(([, name]) => name);
  const header = readFileSync(join(runtimeInclude, "hotreload.h"), "utf8");
  const declared = [...header.matchAll(/^(?:const char \*|int |void \*?)(hotreload_\w+)\(.*;$/gm)].map(
    ([, name]) => name,
  );
  assert.deepEqual(names.sort(), declared.sort());
  assert.equal(symbols.stdout.trim().split("\n").length, names.length);
  const section = (await run("readelf", ["-d", runtime])).stdout;
  assert.doesNotMatch(section, /SONAME/);
  assert.match(section, /RUNPATH.*\[\$ORIGIN\]/);
  assert.match(section, /NODELETE/);
  const needed = [...section.matchAll(/NEEDED.*\[(.*)\]/g)].map((match) => match[1]);
  assert.deepEqual(needed, ["libwslay.so.1", "libc.so.6"]);
  const linked = (await run("readelf", ["-d", scratch.file("host")])).stdout;
  assert.ok(linked.includes(`[${runtime}]`), linked);
});

test("a program uses the header with the runtime, and without hotreload at all, in C and in C++", async () => {
  const text = `#include "hotreload.h"
#include <stdio.h>
static const char *before(const struct hotreload_change *change, void *context) HOTRELOAD_NOEXCEPT {
  return change->file_count && context ? "no" : NULL;
}
int main(void) {
  const char *version = hotreload_version();
  hotreload_set_name("a name");
  hotreload_set_polled(1);
  hotreload_request();
  int result = hotreload_register(before, NULL, NULL) + hotreload_poll();
  hotreload_unregister(before, NULL, NULL);
  long *kept = (long *)hotreload_state("kept", sizeof *kept);
  printf("%s %d\\n", version ? version : "none", result + (kept ? (int)*kept : 100));
  return 0;
}
`;
  for (const [compiler, name] of [
    ["gcc", "c"],
    ["g++", "cc"],
    ["clang", "c"],
    ["clang++", "cc"],
  ] as const) {
    const source = scratch.write(`uses.${name}`, text);
    const flags = ["-O2", `-I${runtimeInclude}`, "-Wall", "-Wextra", "-Werror", source, "-o"];
    await build(compiler, [...flags, scratch.file("with"), "-DHOTRELOAD_PREPARED", runtime]);
    await build(compiler, [...flags, scratch.file("without")]);
    assert.equal((await run(scratch.file("with"), [])).stdout, `${packageVersion()} 0\n`);
    assert.equal((await run(scratch.file("without"), [])).stdout, "none 0\n");
    const symbols = (await run("nm", [scratch.file("without")])).stdout;
    assert.doesNotMatch(symbols, /hotreload_/, "nothing of it is left");
  }
});

test("every signal is handled where it was before, and the agent's thread blocks them all", async () => {
  const { server, program } = await makeServer("signals");
  const host = new Host(program);
  await (await server.next()).hello();
  const threads = readdirSync(`/proc/${host.pid}/task`).map((name) => statusOf(host.pid, Number(name)));
  assert.deepEqual(threads.map(({ Name }) => Name).sort(), ["host", "hotreload"]);
  const agent = threads.find(({ Name }) => Name === "hotreload");
  // All but SIGKILL, SIGSTOP, and the two of the C library's own.
  assert.equal(agent?.SigBlk, "fffffffe7ffbfeff");
  assert.equal(threads.find(({ Name }) => Name === "host")?.SigBlk, "0000000000000000");
  assert.equal(await host.ask("raise-signals"), "strangers 0");
  await host.end();
  await server.close();
});

test("a program that ends while the agent works ends as it would without", async () => {
  const { server, program } = await makeServer("end");
  server.onConnection = ({ webSocket }) => {
    webSocket.once("message", () => {
      for (let id = 1; id < 50; id++) webSocket.send(JSON.stringify({ type: "survey", id }));
    });
  };
  for (let round = 0; round < 25; round++) {
    const ended = await Promise.all([run(program, ["end"]), run(program, [], { input: "call 1\nquit\n" })]);
    assert.deepEqual(
      ended.map(({ status, stdout, stderr }) => [status, stdout, stderr]),
      [
        [5, "", ""],
        [7, "2\n", ""],
      ],
    );
  }
  await server.close();
});

test("a program whose first thread left ends with its last other thread", async () => {
  const { server, program } = await makeServer("leave");
  const host = new Host(program, ["leave-first-thread"]);
  const connection = await server.next();
  const hello = await connection.hello();
  assert.equal(hello.executable, program);
  await until("the first thread is gone", () => statusOf(host.pid, host.pid).State?.startsWith("Z") === true);
  assert.equal(await host.ask("call 1"), "2");
  await connection.expect("surveyed", { type: "survey" });
  host.tell("return");
  assert.equal(await host.ended, 0);
  await server.close();
});

test("a program that closes all descriptors and uses their numbers keeps its files", async () => {
  const { server, program } = await makeServer("descriptors");
  const host = new Host(program);
  const connection = await server.next();
  await connection.hello();
  assert.equal(await host.ask(`take-descriptors ${scratch.file("taken")}`), "taken");
  // The agent is asleep on a socket that has no descriptor any more, until something comes.
  connection.webSocket.send(JSON.stringify({ type: "survey", id: 1 }));
  await connection.closed;
  const again = await server.next();
  assert.equal((await again.hello()).pid, host.pid);
  assert.equal(await host.ask("look-at-descriptors"), "kept 0");
  host.tell("quit");
  assert.equal(await host.ended, 7);
  await server.close();
});

test("a program that starts without standard descriptors gets none from the agent", async () => {
  const { server } = await makeServer("bare");
  const sleeper = scratch.file("sleeper.c");
  scratch.write("sleeper.c", "#include <unistd.h>\nint main(void) { for (;;) pause(); }\n");
  await run("gcc", [sleeper, "-o", join(scratch.file("bare"), "sleeper"), "-Wl,--no-as-needed", runtime]);
  const bare = new Host("sh", ["-c", 'exec 0<&- 1>&- 2>&-; exec "$1"', "sh", join(scratch.file("bare"), "sleeper")]);
  const hello = await (await server.connections.next("sleeper")).hello();
  const descriptors = readdirSync(`/proc/${hello.pid}/fd`).map(Number);
  const sockets = descriptors.filter((number) => readlinkSync(`/proc/${hello.pid}/fd/${number}`).startsWith("socket:"));
  assert.equal(sockets.length, 1);
  assert.ok(
    sockets.every((number) => number >= 3),
    String(sockets),
  );
  await bare.end();
  await server.close();
});

test("a program with thread-local variables of some megabytes has an agent too", async () => {
  const program = scratch.file("host-large");
  await buildHost(program, runtime, ["-DLARGE_THREAD_LOCAL"]);
  const { server, program: copy } = await makeServer("large", program);
  const host = new Host(copy);
  assert.equal((await (await server.next()).hello()).pid, host.pid);
  await host.end();
  await server.close();
});

for (const sanitizer of ["address", "undefined", "thread"]) {
  test(`a program built with -fsanitize=${sanitizer} runs, forks and ends cleanly`, async () => {
    const program = scratch.file(`host-${sanitizer}`);
    await buildHost(program, runtime, [`-fsanitize=${sanitizer}`]);
    const { server, program: copy } = await makeServer(sanitizer, program);
    const host = new Host(copy);
    const connection = await server.next();
    const { modules } = await connection.hello();
    const [executable] = modules;
    const { start, end } = executable ?? { start: 0, end: 0 };
    await connection.expect("reserved", { type: "reserve", start, end, size: 1 << 26 });
    assert.match(await host.ask("fork"), /^forked /);
    assert.equal(await host.ask("child call 2"), "3");
    assert.equal(await host.ask("call 1"), "2");
    host.tell("child quit");
    host.tell("quit");
    assert.equal(await host.ended, 7, host.stderr);
    // AddressSanitizer's leak check in a forked child misses the parent's other threads, as it does in any program.
    assert.equal(
      host.stderr.replace(/==\d+==Running thread \d+ was not suspended. False leaks are possible.\n/, ""),
      "",
    );
    await server.close();
  });
}

test.after(async () => {
  await Host.endAll();
  await Server.closeAll();
});
test.run();

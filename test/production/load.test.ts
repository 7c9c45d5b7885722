// A server under the load of wrk is fixed and unfixed again and again: no request fails, and it hardly stands still.
//
// HOTRELOAD_LOAD_ROUNDS says how often (3); the pauses are printed. How long they may be is not asserted: other processes of
// the machine are in them. Server and wrk have one processor together, since a machine whose every processor is loaded with
// them keeps what is tested beside from running; wrk has a session of its own, so that the system shares between the two and
// the helper (sched(7), autogroup). With a wrk of low priority in the server's session, Linux 6.18 kept threads of both,
// and its own, waiting for minutes.
import { spawn } from "node:child_process";
import { request } from "node:http";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { exampleFolder, fix, ONE_PROCESSOR, undo, withWorkshop } from "./plain_program.js";

const rounds = Number(process.env.HOTRELOAD_LOAD_ROUNDS) || 3;

/** wrk, until it is told to end; then what it printed. */
function load(port: number, connections: number) {
  const args = ["-t", `${Math.min(2, connections)}`, "-c", `${connections}`, "-d", "3600", `http://127.0.0.1:${port}/`];
  const wrk = spawn("taskset", [...ONE_PROCESSOR, "wrk", ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  let report = "";
  wrk.stdout.setEncoding("utf8").on("data", (text: string) => {
    report += text;
  });
  const ended = new Promise<string>((resolve) => wrk.on("close", () => resolve(report)));
  return {
    end: () => {
      wrk.kill("SIGINT");
      return ended;
    },
    kill: () => wrk.kill("SIGKILL"),
  };
}

function page(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, agent: false, headers: { connection: "close" } };
    const asked = request(options, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.on("end", () => resolve(body));
    });
    asked.on("error", reject).end();
  });
}

function describe(name: string, pauses: readonly number[]): string {
  const sorted = [...pauses].sort((a, b) => a - b);
  const at = (part: number) => (sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0).toFixed(2);
  return `${name}: ${pauses.length} pauses, median ${at(0.5)} ms, 95 % ${at(0.95)} ms, maximum ${at(1)} ms`;
}

const forms = [
  { threads: 66, connections: 64 }, // one thread for each connection, and some for us
  { threads: 1, connections: 0 }, // wrk would keep its only thread
];
for (const { threads, connections } of forms) {
  const loaded = connections > 0 ? `${connections} connections of wrk` : "its own pace";
  test(`a server with ${threads} threads at ${loaded} is fixed and unfixed ${rounds} times`, () =>
    withWorkshop(async (workshop) => {
      workshop.compile("gcc", "server", "-O2", "-pthread", `${exampleFolder("server")}/server.c`);
      const fixed = workshop.object("gcc", "fix.o", "-O2", `${exampleFolder("server")}/fix.c`);
      const patch = workshop.gen("server", "page.hrp", fixed);
      const server = workshop.startOnOneProcessor("server", `${threads}`);
      const port = Number((await server.waitForLine((line) => line.startsWith("port "))).slice(5));
      assert.match(await page(port), /^old/);
      const wrk = connections > 0 ? load(port, connections) : undefined;
      const fixes: number[] = [];
      const undos: number[] = [];
      try {
        for (let round = 0; round < rounds; round++) {
          fixes.push(Number(fix(server, patch).stoppedMs));
          assert.match(await page(port), /new page/);
          undos.push(Number(undo(server).stoppedMs));
          assert.match(await page(port), /^old/);
        }
      } catch (error) {
        wrk?.kill();
        throw error;
      }
      const report = await wrk?.end();
      console.log(`\n${describe(`${threads} threads, fix`, fixes)}\n${describe(`${threads} threads, undo`, undos)}`);
      if (report === undefined) return;
      console.log(report.trim());
      assert.match(report, /[1-9]\d* requests in/);
      assert.not.match(report, /Socket errors|Non-2xx/);
    }));
}

test.run();

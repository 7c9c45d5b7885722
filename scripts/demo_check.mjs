// The demo without anybody watching: starts examples/orbit under `hotreload dev --json`, edits the line that is marked
// in its source, and compares what the program printed before and after. The file is put back, however this ends.
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const buildDeadlineMs = 300_000;
const reloadDeadlineMs = 60_000;

/** The file with the marked line, its text, the number in the line, and the number to try instead. */
function findMarkedLine() {
  const folder = join(root, "examples/orbit/src");
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const text = readFileSync(path, "utf8");
    const match = /return (-?[\d.]+);(\s*\/\/ EDIT ME: try ([\d.]+))/.exec(text);
    if (match !== null) {
      const [, present, comment, suggested] = match;
      const wanted = present === suggested ? "2.0" : suggested;
      const line = text.slice(0, match.index).split("\n").length;
      return { path, text, line, present, wanted, edited: text.replace(match[0], `return ${wanted};${comment}`) };
    }
  }
  throw new Error(`no line in ${folder} is marked "EDIT ME"`);
}

/** `hotreload dev --json` as a list of what it reported so far, and a way to wait for what it has not reported yet. */
class DevServer {
  reports = [];
  #waiting = new Set();
  #errors = "";
  #unfinishedLine = "";

  constructor(project) {
    this.child = spawn(process.execPath, ["dist/devserver/cli.js", "dev", project, "--json"], { cwd: root });
    this.child.stderr.setEncoding("utf8").on("data", (text) => {
      this.#errors += text;
    });
    this.ended = new Promise((resolve) => {
      this.child.on("error", resolve);
      this.child.on("close", resolve);
    });
    createInterface({ input: this.child.stdout }).on("line", (line) => this.#add(JSON.parse(line)));
    this.ended.then(() => this.#add({ type: "ended" }));
  }

  /** Output of the program comes in pieces; it is kept as one report a line. */
  #add(report) {
    if (report.type === "output") {
      const lines = (this.#unfinishedLine + report.text).split("\n");
      this.#unfinishedLine = lines.pop();
      this.reports.push(...lines.map((text) => ({ ...report, text })));
    } else {
      this.reports.push(report);
    }
    for (const check of this.#waiting) check();
  }

  /** The first report from index `from` on that is wanted; rejects when one comes after which it cannot come. */
  waitFor(what, isWanted, { from = 0, deadlineMs = reloadDeadlineMs } = {}) {
    return new Promise((resolve, reject) => {
      const finish = (settle, value) => {
        clearTimeout(deadline);
        this.#waiting.delete(check);
        settle(value);
      };
      const deadline = setTimeout(() => {
        finish(reject, this.#failure(`no ${what} within ${deadlineMs / 1000} s`));
      }, deadlineMs);
      const check = () => {
        const reports = this.reports.slice(from);
        const found = reports.find(isWanted);
        const bad = reports.find(isFailure);
        if (found !== undefined) finish(resolve, found);
        else if (bad !== undefined) finish(reject, this.#failure(`${JSON.stringify(bad)} instead of ${what}`));
      };
      this.#waiting.add(check);
      check();
    });
  }

  #failure(sentence) {
    return new Error([sentence, this.#errors.trim()].filter((text) => text !== "").join("\n"));
  }

  async quit() {
    this.child.stdin.on("error", () => {});
    this.child.stdin.write('{"command":"quit"}\n');
    const impatience = setTimeout(() => this.child.kill("SIGKILL"), 10_000);
    await this.ended;
    clearTimeout(impatience);
  }
}

function isFailure({ type, state }) {
  const failures = ["buildFailed", "restartNeeded", "error", "unchanged", "ended"];
  return failures.includes(type) || (type === "process" && state === "exited");
}

/** `tick=20 day=20.0 days_per_tick=1.0 ...` -> its numbers. */
function readNumbers(text) {
  return Object.fromEntries([...text.matchAll(/(\w+)=(-?[\d.]+)/g)].map(([, name, value]) => [name, Number(value)]));
}

function isOutput(daysPerTick) {
  return ({ type, stream, text }) =>
    type === "output" && stream === "stdout" && readNumbers(text).days_per_tick === Number(daysPerTick);
}

function check(condition, sentence) {
  if (!condition) throw new Error(sentence);
}

async function demonstrate(server, marked) {
  await server.waitFor("ready", ({ type }) => type === "ready", { deadlineMs: buildDeadlineMs });
  const connected = await server.waitFor("process", ({ type, state }) => type === "process" && state === "connected");
  // Some ticks later, when there is a state to keep.
  const hasState = (report) => isOutput(marked.present)(report) && readNumbers(report.text).tick >= 40;
  const before = await server.waitFor("output of the program", hasState);
  console.log(`process ${connected.pid}`);
  console.log(`before  ${before.text}`);

  const from = server.reports.length;
  writeFileSync(marked.path, marked.edited);
  console.log(`edit    ${relative(root, marked.path)}:${marked.line}  ${marked.present} -> ${marked.wanted}`);
  const hot = await server.waitFor("reload", ({ type }) => type === "hot", { from });
  console.log(`hot     ${hot.functions.join(", ")}  ${Math.round(hot.ms.total)} ms`);
  const after = await server.waitFor("new behaviour", isOutput(marked.wanted), { from });
  console.log(`after   ${after.text}`);

  const then = readNumbers(before.text);
  const now = readNumbers(after.text);
  const isSameProcess = before.pid === connected.pid && after.pid === connected.pid;
  check(isSameProcess, `the process changed: ${before.pid}, ${after.pid}`);
  check(now.tick > then.tick && now.day > then.day, `the state was lost: tick ${then.tick}, then ${now.tick}`);
  console.log(`same process ${after.pid}, state kept: tick ${then.tick} -> ${now.tick}, day ${then.day} -> ${now.day}`);
}

const marked = findMarkedLine();
process.on("exit", () => {
  // With a new time of modification, so that the next build compiles the file again.
  if (readFileSync(marked.path, "utf8") === marked.edited) writeFileSync(marked.path, marked.text);
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => process.exit(1));
}

const server = new DevServer("examples/orbit");
process.on("exit", () => server.child.kill());
try {
  await demonstrate(server, marked);
  console.log("demo: ok");
} catch (error) {
  console.log(`demo: failed: ${error.message}`);
  process.exitCode = 1;
}
await server.quit();

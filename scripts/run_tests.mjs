// Runs the linter and each compiled test file as a process of its own, two at a time, and adds up what uvu counted.
//
//   node scripts/run_tests.mjs [--coverage] [PATTERN]
//
// A file that crashes, does not end in time or counts nothing is one failure more. The last line printed is
// "N passed, N failed"; the exit code is 1 if anything failed. HOTRELOAD_TEST_JOBS sets how many run at a time.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const jobs = Number(process.env.HOTRELOAD_TEST_JOBS) || Math.min(2, availableParallelism());
const deadlineMs = 20 * 60_000;
const coverageDir = join(root, "coverage");

const wantsCoverage = process.argv.includes("--coverage");
const pattern = process.argv.slice(2).find((argument) => !argument.startsWith("--"));

/** The files under dist/test that still have their source, as paths relative to dist. */
function listTestFiles() {
  return readdirSync(join(root, "dist/test"), { recursive: true })
    .filter((path) => path.endsWith(".test.js"))
    .map((path) => `test/${path}`)
    .filter((path) => existsSync(join(root, path.replace(/\.js$/, ".ts"))))
    .filter((path) => pattern === undefined || new RegExp(pattern).test(path))
    .sort();
}

/** Running processes, so that an interrupt ends them with their children. */
const groups = new Set();

function endGroup(child) {
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/** Runs a command in a process group of its own and gathers what it prints. */
function run(command, args, environment) {
  return new Promise((resolve) => {
    const started = performance.now();
    const child = spawn(command, args, { cwd: root, detached: true, env: { ...process.env, ...environment } });
    groups.add(child);
    let output = "";
    let ending = "";
    const deadline = setTimeout(() => {
      ending = `did not end within ${deadlineMs / 60_000} minutes\n`;
      endGroup(child);
    }, deadlineMs);
    const gather = (chunk) => {
      output += chunk;
    };
    child.stdout.setEncoding("utf8").on("data", gather);
    child.stderr.setEncoding("utf8").on("data", gather);
    child.on("error", (error) => gather(`${error.message}\n`));
    child.on("close", (code, signal) => {
      clearTimeout(deadline);
      endGroup(child);
      groups.delete(child);
      ending ||= signal ? `ended by ${signal}\n` : "";
      resolve({ code, output: output + ending, seconds: (performance.now() - started) / 1000 });
    });
  });
}

/** Adds up the summaries that uvu printed, one a run. */
function countTests({ code, output }) {
  const sum = (label) =>
    [...output.matchAll(new RegExp(`^ {2}${label}: +(\\d+)$`, "gm"))].reduce((total, [, n]) => total + Number(n), 0);
  const passed = sum("Passed");
  const failed = sum("Total") - passed;
  const isComplete = code === 0 ? passed > 0 : failed > 0;
  return { passed, failed: failed + (isComplete ? 0 : 1) };
}

function report(name, { passed, failed }, { output, seconds }) {
  const verdict = failed === 0 ? "ok  " : "FAIL";
  console.log(`${verdict}  ${name}  ${passed} passed, ${failed} failed  ${seconds.toFixed(1)} s`);
  if (failed > 0) {
    console.log(output.replace(/^(?=.)/gm, "      "));
  }
}

async function lint() {
  const result = await run("node_modules/.bin/biome", ["check", "--config-path=.biome.json", "."], {});
  const count = { passed: result.code === 0 ? 1 : 0, failed: result.code === 0 ? 0 : 1 };
  report("lint", count, result);
  return count;
}

async function runFile(path) {
  const environment = wantsCoverage ? { NODE_V8_COVERAGE: join(coverageDir, "tmp") } : {};
  const result = await run(process.execPath, ["--enable-source-maps", join("dist", path)], environment);
  const count = countTests(result);
  report(path.replace(/\.js$/, ".ts"), count, result);
  return count;
}

async function runAll(tasks) {
  const pending = [...tasks];
  const total = { passed: 0, failed: 0 };
  const work = async () => {
    for (let task = pending.shift(); task !== undefined; task = pending.shift()) {
      const { passed, failed } = await task();
      total.passed += passed;
      total.failed += failed;
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return total;
}

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    groups.forEach(endGroup);
    process.exit(1);
  });
}

if (wantsCoverage) {
  rmSync(coverageDir, { recursive: true, force: true });
}
// A full run tells the whole table: results of tests that were renamed since must not stay in it.
if (pattern === undefined) rmSync(join(root, "dist/test-results"), { recursive: true, force: true });
const files = listTestFiles().map((path) => () => runFile(path));
const { passed, failed } = await runAll(pattern === undefined ? [lint, ...files] : files);
if (wantsCoverage) {
  const c8 = ["report", "--temp-directory", join(coverageDir, "tmp"), "--reports-dir", coverageDir];
  const scope = ["dist/plugin", "dist/devserver", "plugin", "devserver"].flatMap((folder) => ["--include", folder]);
  spawnSync("node_modules/.bin/c8", [...c8, ...scope, "--reporter=text"], { cwd: root, stdio: "inherit" });
}
if (pattern === undefined) {
  spawnSync(process.execPath, [join(root, "dist/test/e2e/write_scenario_table.js")], { cwd: root, stdio: "inherit" });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

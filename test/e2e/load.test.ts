// Scenario E1: very many reloads under very many threads, and what they cost the process, the dev server and the disk.
//
// By hand, with 10,000 reloads: HOTRELOAD_E2E_RELOADS=10000 node dist/test/e2e/load.test.js. Then a twin runs beside it,
// the same program without a dev server: what holds up its threads are the scheduler and the compilers alone.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { diskUse, holdingsOf } from "./holdings.js";
import type { Program } from "./program.js";
import { runScenarios, type Scenario } from "./scenario_suite.js";
import { TickLog } from "./tick_log.js";

const RELOADS = Number(process.env.HOTRELOAD_E2E_RELOADS ?? 20);
const THREADS = Number(process.env.HOTRELOAD_E2E_THREADS ?? 64);
const HAS_TWIN = RELOADS >= 1000;
const DAY_S = 24 * 3600;

/** The versions come in a turn (programs/load/threads.cc); the first saves are of all kinds. */
const TURN = 200;
const FIRST = 97;
/** So many saves, a quarter of the turn, until all threads must have arrived. */
const STRIDE = 50;
/** Memory that a patch may add, of which one in a hundred has a thousand functions. */
const PATCH_KIB = 128;

/** Makes a save of which 1, 10, 100 or 1,000 functions differ from the save before. */
function saveNext(program: Program, texts: { readonly values: string; readonly many: string }, save: number): RegExp {
  const version = save % TURN;
  if (save % 100 === 1) {
    program.save("many.cc", texts.many.replace("1000 0", `1000 ${Math.floor(version / 100)}`));
    return /value_2999/;
  }
  const versions = { 1: version, 10: Math.floor(version / 5), 100: Math.floor(version / 20) };
  const text = Object.entries(versions).reduce(
    (text, [count, value]) => text.replace(`#define VERSION_${count} 0`, `#define VERSION_${count} ${value}`),
    texts.values,
  );
  program.save("values.cc", text);
  return /value_1000/;
}

const load: Scenario = {
  row: "E1",
  ...(RELOADS < 10_000 && { soFar: `${RELOADS} reloads` }),
  name: `${THREADS} threads call what is replaced, while threads come, fork, throw and go, and libraries are opened: no crash, no wrong result`,
  async run(program) {
    const texts = { values: program.workspace.read("values.cc"), many: program.workspace.read("many.cc") };
    const twin = HAS_TWIN ? new Twin(program) : undefined;
    await program.shows({ "E1.version": "0", "E1.wrong": "0" });
    saveNext(program, texts, FIRST);
    await program.hot(/value_1000/, /value_1099/, /value_thrown/, /value_held/);
    await arrived(program, FIRST);
    const before = holdingsOf(program.pid);
    let largest = 0;
    for (let save = FIRST + 1; save <= FIRST + RELOADS; save++) {
      const hot = await program.hot(saveNext(program, texts, save));
      if (hot.functions.length > largest) largest = hot.functions.length;
      if (save % STRIDE === 0) await arrived(program, save);
      if (save % 500 === 0) tell(program, save - FIRST, hot.ms.total, twin);
    }
    await arrived(program, FIRST + RELOADS);
    await program.server.until("the threads that come and go", () =>
      Number(program.log.value("E1.rounds")) > 20 ? true : undefined,
    );
    tell(program, RELOADS, 0, twin);
    twin?.end();
    assert.ok(largest >= 1000, `${largest} functions in one patch`);
    // Nothing of a reload stays open, and its two mappings are all that is added: memory grows by the patches only.
    const after = holdingsOf(program.pid);
    const patches = after.mappings.patches.count - before.mappings.patches.count;
    assert.equal(patches, 2 * RELOADS);
    assert.ok(after.files <= before.files + 1, `${before.files} open files, then ${after.files}`);
    const added = after.residentKib - before.residentKib;
    assert.ok(added <= RELOADS * PATCH_KIB, `${added} KiB for ${RELOADS} reloads`);
  },
};

/** All threads have called the last version of everything. */
async function arrived(program: Program, save: number): Promise<void> {
  await program.server.until(
    `all threads in version ${save % TURN}`,
    () => (program.log.value("E1.version") === String(save % TURN) ? true : undefined),
    HAS_TWIN ? 600_000 : undefined,
  );
  assert.deepEqual(program.log.history("E1.wrong"), ["0"], "no wrong result");
}

function tell(program: Program, reloads: number, ms: number, twin: Twin | undefined): void {
  const { residentKib, files, mappings } = holdingsOf(program.pid);
  const gaps = ({ value }: { value: (name: string) => string | undefined }) =>
    `longest gap ${value("E1.longest_gap_us")} us, ${value("E1.long_gaps")} above 10 ms in ${value("E1.bursts")} bursts`;
  const server = holdingsOf(program.server.pid ?? 0);
  const disk = diskUse(path.join(program.build, ".hotreload"));
  const lines = [
    `${new Date().toISOString()} E1: ${reloads} reloads under ${THREADS} threads, the last one in ${Math.round(ms)} ms`,
    `program: ${residentKib} KiB, ${files} files, ${JSON.stringify(mappings)}`,
    `         ${gaps({ value: (name) => program.log.value(name) })}`,
    ...(twin
      ? [`twin:    ${gaps({ value: (name) => twin.log.value(name) })}, ${holdingsOf(twin.pid).residentKib} KiB`]
      : []),
    `server:  ${server.residentKib} KiB, ${server.files} files; on disk: ${disk.files} files, ${disk.kib} KiB`,
  ];
  console.log(`\n  ${lines.join("\n  ")}`);
}

/** The same program beside it, which finds no dev server. */
class Twin {
  readonly log: TickLog;
  readonly #child: ChildProcess;

  constructor(program: Program) {
    this.log = new TickLog(program.changes, () => {});
    const environment = { HOTRELOAD_E2E_THREADS: `${THREADS}`, HOTRELOAD_E2E_SECONDS: `${DAY_S}` };
    this.#child = spawn(path.join(program.build, "load"), {
      env: {
        ...program.mark.environment(),
        ...environment,
        HOTRELOAD_SESSION: path.join(program.workspace.root, "none/session.json"),
      },
      stdio: ["ignore", "pipe", "inherit"],
      detached: true,
    });
    this.#child.stdout?.on("data", (data) => this.log.feed(String(data)));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  end(): void {
    this.#child.kill("SIGKILL");
  }
}

runScenarios("load", "load", [load], {
  define: { CMAKE_CXX_COMPILER_LAUNCHER: "ccache" },
  environmentOf: (workspace) => ({
    CCACHE_DIR: path.join(workspace.root, "ccache"),
    HOTRELOAD_E2E_THREADS: `${THREADS}`,
    ...(HAS_TWIN && { HOTRELOAD_E2E_SECONDS: `${DAY_S}` }),
  }),
});

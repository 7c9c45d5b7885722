// Finds the processes that a test started, by a mark in their environment, however they were started.

import { randomUUID } from "node:crypto";
import fs from "node:fs";

const VARIABLE = "HOTRELOAD_E2E_MARK";

const marks = new Set<ProcessMark>();

// Whatever happens to the test, nothing goes on running after it.
process.on("exit", () => {
  for (const mark of marks) mark.killAll();
});

export class ProcessMark {
  readonly #value = randomUUID();

  constructor() {
    marks.add(this);
  }

  /** The environment to start a process with: its children inherit the mark. */
  environment(): NodeJS.ProcessEnv {
    return { ...process.env, [VARIABLE]: this.#value };
  }

  /** Processes with this mark that are not zombies. */
  running(): readonly number[] {
    const needle = `${VARIABLE}=${this.#value}`;
    return fs
      .readdirSync("/proc")
      .filter((entry) => /^\d+$/.test(entry))
      .map(Number)
      .filter((pid) => {
        try {
          return fs.readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(needle) && isAlive(pid);
        } catch {
          return false; // gone, or of another user
        }
      });
  }

  killAll(): void {
    for (const pid of this.running()) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // gone
      }
    }
  }
}

/** Field 22 of /proc/PID/stat: with the pid it names a process for good. Undefined if there is no such process. */
export function startTime(pid: number): string | undefined {
  return statFields(pid)?.[19];
}

function isAlive(pid: number): boolean {
  const state = statFields(pid)?.[0];
  return state !== undefined && state !== "Z" && state !== "X";
}

/** The fields after the command's name, which may hold spaces: the first one is field 3, the state. */
function statFields(pid: number): readonly string[] | undefined {
  try {
    const text = fs.readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

/** Resident memory in KiB. */
export function residentKib(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"));
  if (!match) throw new Error(`process ${pid} has no VmRSS`);
  return Number(match[1]);
}

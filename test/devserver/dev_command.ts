// `hotreload dev --json` as a child process, and what it leaves behind.

import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Report } from "../../devserver/report.js";
import { processStat } from "../../plugin/command.js";
import { Inbox } from "./inbox.js";

/** This file runs as dist/test/devserver/dev_command.js. */
export const cli = fileURLToPath(new URL("../../devserver/cli.js", import.meta.url));

const MARK = "HOTRELOAD_DEVSERVER_TEST";

const started: DevCommand[] = [];
process.on("exit", () => {
  for (const command of started) for (const pid of command.left()) process.kill(pid, "SIGKILL");
});

export class DevCommand {
  readonly reports = new Inbox<Report>();
  readonly exited: Promise<{ code: number | null; signal: string | null }>;
  readonly child: ChildProcess;
  /** Standard output, where it is not JSON; and standard error. */
  text = "";
  private readonly mark = randomUUID();

  /** @param command what is run instead of node and the command line, for a test with a terminal */
  constructor(args: readonly string[], command: readonly string[] = [process.execPath, cli]) {
    const [file = "", ...before] = command;
    this.child = spawn(file, [...before, ...args], { env: { ...process.env, [MARK]: this.mark }, stdio: "pipe" });
    started.push(this);
    this.child.stderr?.on("data", (data) => {
      this.text += String(data);
    });
    if (this.child.stdout) {
      createInterface({ input: this.child.stdout }).on("line", (line) => {
        if (line.startsWith("{")) this.reports.push(JSON.parse(line) as Report);
        else this.text += `${line}\n`;
      });
    }
    this.exited = new Promise((resolve) => this.child.once("close", (code, signal) => resolve({ code, signal })));
  }

  /** `hotreload dev <dir> --json ...` */
  static json(dir: string, ...args: string[]): DevCommand {
    return new DevCommand(["dev", dir, "--json", ...args]);
  }

  async report<T extends Report["type"]>(type: T, deadlineMs = 30_000): Promise<Extract<Report, { type: T }>> {
    const found = await this.reports.next(`report ${type} (${this.text})`, (each) => each.type === type, deadlineMs);
    return found as Extract<Report, { type: T }>;
  }

  send(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  /** Processes that came from this command and have not ended, itself included. */
  left(): number[] {
    const needle = `${MARK}=${this.mark}`;
    return readdirSync("/proc")
      .map(Number)
      .filter((pid) => Number.isInteger(pid) && processStat(pid)?.ended === false && hasEnvironment(pid, needle));
  }
}

function hasEnvironment(pid: number, entry: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(entry);
  } catch {
    return false;
  }
}

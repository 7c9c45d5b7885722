// The program that is edited while it runs, under `hotreload dev`, asked through a FIFO.

import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { Changes } from "../e2e/changes.js";
import type { Verdict } from "../e2e/dev_messages.js";
import { DevServer } from "../e2e/dev_server.js";
import { ProcessMark } from "../e2e/leftover_processes.js";

/** Milliseconds: for a build on a machine that has other things to do, and for an answer of the program. */
const BUILD = 900_000;
const ANSWER = 60_000;

export class LiveProcess {
  readonly #server: DevServer;
  readonly #changes = new Changes();
  readonly #mark = new ProcessMark();
  readonly #directory: string;
  readonly #commands: number;
  #output = "";
  #number = 0;

  /** @param directory for the FIFO and the answers; emptied */
  constructor(source: string, build: string, directory: string, define: Readonly<Record<string, string>>) {
    this.#directory = directory;
    fs.rmSync(directory, { recursive: true, force: true });
    fs.mkdirSync(directory, { recursive: true });
    const fifo = path.join(directory, "commands");
    execFileSync("mkfifo", [fifo]);
    this.#commands = fs.openSync(fifo, "r+");
    const options = {
      directory: source,
      build,
      define,
      target: "subject",
      programArguments: ["serve", fifo, directory],
      environment: this.#mark.environment(),
      logs: directory,
    };
    this.#server = new DevServer(options, this.#changes, (text) => {
      this.#output += text;
    });
  }

  async ready(): Promise<void> {
    await this.#server.ready(BUILD);
    await this.#server.until("the process to connect", () => this.#server.processStates()[0], BUILD);
    await this.#server.until("the first answer", () => this.#answered(0), ANSWER);
  }

  /** Another process, of what is built: for when the one that runs and the sources cannot be brought together. */
  async restart(): Promise<void> {
    const known = this.#server.processStates().length;
    this.#output = "";
    this.#server.command("restart");
    const isNew = () =>
      this.#server
        .processStates()
        .slice(known)
        .some(({ state }) => state === "connected") || undefined;
    await this.#server.until("another process", isNew, BUILD);
    await this.#server.until("its first answer", () => this.#answered(0), ANSWER);
  }

  #answered(number: number): true | undefined {
    return this.#output.includes(`done ${number}\n`) || undefined;
  }

  hasEnded(): boolean {
    return this.#server.processStates().at(-1)?.state === "exited";
  }

  /** The verdict of what `save` writes to these files. Several may come in several verdicts: then it is the last one. */
  async verdictOf(save: () => void, files: readonly string[]): Promise<Verdict> {
    this.#server.forgetVerdicts();
    save();
    const waiting = new Set(files);
    for (;;) {
      const verdict = await this.#server.nextVerdict(BUILD);
      if (verdict.type !== "hot" && verdict.type !== "unchanged") return verdict;
      for (const file of verdict.files) {
        for (const name of waiting) if (file.endsWith(`/${name}`)) waiting.delete(name);
      }
      if (waiting.size === 0) return verdict;
    }
  }

  /** Asks, and returns the path of the answer; undefined if the process ended or does not answer. */
  async #ask(name: string, suffix: string, input: number): Promise<string | undefined> {
    const number = ++this.#number;
    this.#output = "";
    fs.writeSync(this.#commands, `${name} ${number} ${input}\n`);
    const done = await this.#changes
      .until("an answer", () => (this.hasEnded() ? false : this.#answered(number)), ANSWER)
      .catch(() => false);
    return done ? path.join(this.#directory, `${number}.${suffix}`) : undefined;
  }

  /** The file with its present state. */
  dump(): Promise<string | undefined> {
    return this.#ask("dump", "state", 0);
  }

  async probe(input: number): Promise<string | undefined> {
    const answer = await this.#ask("probe", "out", input);
    return answer === undefined ? undefined : fs.readFileSync(answer, "latin1");
  }

  async end(): Promise<void> {
    await this.#server.end("quit").catch(() => {});
    this.#mark.killAll();
    fs.closeSync(this.#commands);
  }
}

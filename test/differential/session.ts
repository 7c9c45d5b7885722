// One seed: a program is started, and edited again and again; after each reload it is compared with a fresh one.

import fs from "node:fs";
import path from "node:path";
import type { Verdict } from "../e2e/dev_messages.js";
import type { Files } from "../e2e/workspace.js";
import { FreshBuild, type Run } from "./fresh_build.js";
import { LiveProcess } from "./live_process.js";
import { aMutation, mutations } from "./mutations.js";
import { Random } from "./random.js";

export interface Setting {
  readonly project: string;
  readonly files: Files;
  readonly edits: RegExp;
  /** Compilers and flags; CMake variables. */
  readonly configuration: string;
  readonly define: Readonly<Record<string, string>>;
  /** For sources, builds and answers. */
  readonly directory: string;
  readonly seed: number;
  readonly count: number;
}

export type Outcome =
  | "hot"
  | "unchanged"
  /** The compiler did not take it: no edit at all. */
  | "invalid"
  | "refused"
  /** Hot, but the fresh program crashes, hangs, does not link, or differs from run to run. */
  | "incomparable"
  /** A failure: the live process shows something else than the fresh one. */
  | "wrong"
  /** A failure: the live process ended. */
  | "crash"
  /** A failure of the dev server. */
  | "error";

export interface Edit {
  readonly project: string;
  readonly configuration: string;
  readonly seed: number;
  readonly number: number;
  readonly kind: string;
  readonly layout: boolean;
  readonly file: string;
  readonly outcome: Outcome;
  /** Of a refusal. */
  readonly codes: readonly string[];
  /** Of a refusal or failure: what was said, what differed, what was edited. */
  readonly detail: string;
  readonly ms: number;
}

/** After so many edits all files go back to what they were, in one save. */
const RESET = 12;

/** How often a file goes back to what it was before, and how often two edits are saved together. */
const GOING_BACK = 0.06;
const SEVERAL = 0.12;

/** What is saved next. */
interface Chosen {
  readonly kind: string;
  readonly layout: boolean;
  /** By the names of the files. */
  readonly texts: ReadonlyMap<string, string>;
  readonly file: string;
}

interface Judged {
  readonly outcome: Outcome;
  readonly codes?: readonly string[];
  readonly detail?: string;
}

function refused({ reasons }: Extract<Verdict, { type: "restartNeeded" }>) {
  const codes = [...new Set(reasons.map(({ code }) => code))];
  const messages = reasons.map(({ message }) => message);
  return { outcome: "refused", codes, detail: messages.join("; ").slice(0, 600) } as const;
}

const isFailure = (outcome: Outcome) => outcome === "wrong" || outcome === "crash" || outcome === "error";

export async function* runSession(setting: Setting): AsyncGenerator<Edit> {
  const session = new Session(setting);
  try {
    await session.start();
    for (let number = 1; number <= setting.count; number++) {
      const edit = await session.edit(number);
      if (edit) yield edit;
      if (edit && isFailure(edit.outcome)) return;
    }
  } finally {
    await session.end();
  }
}

class Session {
  readonly #setting: Setting;
  readonly #random: Random;
  readonly #source: string;
  readonly #names: readonly string[];
  readonly #now = new Map<string, string>();
  /** Texts that were accepted, of files that were edited. */
  readonly #earlier = new Map<string, string[]>();
  readonly #live: LiveProcess;
  readonly #fresh: FreshBuild;
  #accepted = 0;

  constructor(setting: Setting) {
    this.#setting = setting;
    this.#random = new Random(setting.seed);
    this.#source = path.join(setting.directory, "source");
    this.#names = Object.keys(setting.files)
      .filter((name) => setting.edits.test(name))
      .sort();
    for (const [name, text] of Object.entries(setting.files)) {
      this.#now.set(name, text);
      this.#write(name, text);
    }
    const build = path.join(setting.directory, "build");
    this.#live = new LiveProcess(this.#source, build, path.join(setting.directory, "answers"), setting.define);
    this.#fresh = new FreshBuild(build, path.join(setting.directory, "fresh"));
  }

  async start(): Promise<void> {
    await this.#live.ready();
    this.#fresh.link();
  }

  async end(): Promise<void> {
    await this.#live.end();
  }

  /** Only what differs, so that a build directory can be used again. */
  #write(name: string, text: string): void {
    const file = path.join(this.#source, name);
    if (fs.existsSync(file) && fs.readFileSync(file, "utf8") === text) return;
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  }

  async edit(number: number): Promise<Edit | undefined> {
    const { project, configuration, seed } = this.#setting;
    const chosen = this.#choose(number);
    if (!chosen) return undefined;
    const { kind, layout, texts, file } = chosen;
    const before = new Map([...texts.keys()].map((name) => [name, this.#now.get(name) ?? ""]));
    const started = performance.now();
    const verdict = await this.#live.verdictOf(() => this.#save(texts), [...texts.keys()]);
    let judged = await this.#judge(verdict);
    if (judged.outcome === "hot" || judged.outcome === "unchanged") this.#accept(before);
    else if (!isFailure(judged.outcome)) judged = (await this.#undo(before)) ?? judged;
    const description = isFailure(judged.outcome) ? `\n${differences(before, texts)}` : "";
    return {
      project,
      configuration,
      seed,
      number,
      kind,
      layout,
      file,
      outcome: judged.outcome,
      codes: judged.codes ?? [],
      detail: (judged.detail ?? "") + description,
      ms: performance.now() - started,
    };
  }

  #choose(number: number): Chosen | undefined {
    if (this.#accepted >= RESET) {
      this.#accepted = 0;
      const texts = [...this.#now].filter(([name, text]) => text !== this.#setting.files[name]);
      const original = texts.map(([name]) => [name, this.#setting.files[name] ?? ""] as const);
      // One that went back by itself may have been the only one.
      if (texts.length > 0)
        return { kind: "all files as they were", layout: false, texts: new Map(original), file: "" };
    }
    if (this.#random.next() < GOING_BACK) return this.#chooseEarlier();
    const first = this.#chooseMutation(number, "");
    if (!first || this.#random.next() >= SEVERAL) return first;
    const texts = new Map(this.#now);
    for (const [name, text] of first.texts) this.#now.set(name, text);
    const second = this.#chooseMutation(number, "00");
    for (const [name, text] of texts) this.#now.set(name, text);
    if (!second) return first;
    return {
      kind: `${first.kind} and ${second.kind}`,
      layout: first.layout || second.layout,
      texts: new Map([...first.texts, ...second.texts]),
      file: [...new Set([first.file, second.file])].join(" "),
    };
  }

  /** A file that was edited goes back to what it was some time before. */
  #chooseEarlier(): Chosen | undefined {
    const file = this.#random.pick([...this.#earlier.keys()]);
    const text = file && this.#random.pick(this.#earlier.get(file) ?? []);
    if (!file || text === undefined || text === this.#now.get(file)) return undefined;
    return { kind: "a file as it was before", layout: false, texts: new Map([[file, text]]), file };
  }

  #chooseMutation(number: number, suffix: string): Chosen | undefined {
    const kind = aMutation(this.#random);
    for (let attempt = 0; attempt < 20; attempt++) {
      const file = this.#random.pick(this.#names) ?? "";
      const text = this.#now.get(file) ?? "";
      // A header has many dependents.
      if (file.endsWith(".h") && this.#random.next() < 0.6) continue;
      const made = mutations[kind]?.mutate({
        file,
        text,
        random: this.#random,
        number: Number(`${this.#setting.seed * 1000 + number}${suffix}`),
        others: new Map(this.#names.filter((name) => name !== file).map((name) => [name, this.#now.get(name) ?? ""])),
      });
      if (made === undefined || made === text) continue;
      const texts = typeof made === "string" ? new Map([[file, made]]) : new Map(made);
      return { kind, layout: mutations[kind]?.layout ?? false, texts, file: [...texts.keys()].join(" ") };
    }
    return undefined;
  }

  #save(texts: ReadonlyMap<string, string>): void {
    for (const [name, text] of texts) {
      this.#now.set(name, text);
      this.#write(name, text);
    }
  }

  #accept(before: ReadonlyMap<string, string>): void {
    this.#accepted += 1;
    for (const [name, text] of before) this.#earlier.set(name, [...(this.#earlier.get(name) ?? []), text]);
  }

  /**
   * After a refusal, or what could not be compared: the process and the sources are one again. Where that is refused, it is
   * what became of the edit, and another process goes on.
   */
  async #undo(before: ReadonlyMap<string, string>): Promise<Judged | undefined> {
    const verdict = await this.#live.verdictOf(() => this.#save(before), [...before.keys()]);
    const together = verdict.type === "hot" || verdict.type === "unchanged";
    const refusal = verdict.type === "restartNeeded" ? refused(verdict) : undefined;
    if (!together && refusal === undefined) {
      throw new Error(`an edit that is taken back is ${JSON.stringify(verdict).slice(0, 1000)}`);
    }
    if (refusal) await this.#live.restart();
    // What the live process is compared with while the next edit is refused.
    this.#fresh.link();
    return refusal && { ...refusal, detail: `taken back: ${refusal.detail}` };
  }

  async #judge(verdict: Verdict): Promise<Judged> {
    switch (verdict.type) {
      case "buildFailed":
        return { outcome: "invalid", detail: verdict.output.slice(0, 300) };
      case "error":
        return { outcome: "error", detail: JSON.stringify(verdict).slice(0, 2000) };
      case "restartNeeded": {
        // It goes on as it was: the fresh program is still the one before.
        const compared = await this.#compare();
        return compared.outcome === "wrong" || compared.outcome === "crash" ? compared : refused(verdict);
      }
      case "hot":
      case "unchanged": {
        if (!this.#fresh.link()) return { outcome: "incomparable", detail: "does not link" };
        const notes = verdict.type === "hot" ? (verdict.notes ?? []).join("; ") : "";
        if (/initializer|closures that live/.test(notes)) return { outcome: "incomparable", detail: notes };
        const compared = await this.#compare();
        return compared.outcome === "hot" && verdict.type === "unchanged" ? { outcome: "unchanged" } : compared;
      }
    }
  }

  /** The fresh program first: what crashes or hangs there may do so here. */
  async #compare(): Promise<Judged> {
    const input = this.#random.below(1_000_000);
    const state = await this.#live.dump();
    if (state === undefined) return { outcome: "crash", detail: "the process does not answer" };
    const fresh = this.#fresh.run(state, input);
    if (fresh.kind === "failed") return { outcome: "incomparable", detail: `the fresh program ends with ${fresh.how}` };
    const live = await this.#live.probe(input);
    const same = (run: Run) => run.kind === "ended" && isSame(live, run.output);
    if (same(fresh)) return { outcome: "hot" };
    const again = [0, 1, 85, 170, 255].map((filling) => this.#fresh.run(state, input, filling));
    const varies = again.some((run) => run.kind === "failed" || run.output !== fresh.output);
    if (varies) return { outcome: "incomparable", detail: "the fresh program differs from run to run" };
    if (live === undefined)
      return { outcome: "crash", detail: this.#live.hasEnded() ? "the process ended" : "the process hangs" };
    return { outcome: "wrong", detail: firstDifference(live, fresh.output) };
  }
}

/** All that is shown, and the state that both have: the live one may know more variables. */
function isSame(live: string | undefined, fresh: string): boolean {
  return live !== undefined && firstDifference(live, fresh) === "";
}

export function firstDifference(live: string, fresh: string): string {
  const [shownLive = "", stateLive = ""] = live.split("\nstate\n");
  const [shownFresh = "", stateFresh = ""] = fresh.split("\nstate\n");
  const [ones, others] = [shownLive.split("\n"), shownFresh.split("\n")];
  for (let i = 0; i < Math.max(ones.length, others.length); i++) {
    if (ones[i] !== others[i]) return `live shows ${JSON.stringify(ones[i])}, fresh ${JSON.stringify(others[i])}`;
  }
  const known = new Set(stateLive.split("\n"));
  const missing = stateFresh.split("\n").find((line) => !known.has(line));
  if (missing === undefined) return "";
  const name = `${missing.split(" ")[0]} `;
  return `live has ${stateLive.split("\n").find((line) => line.startsWith(name))}, fresh ${missing}`;
}

/** Lines that went and came, for whoever looks into a failure. */
function differences(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string {
  const parts: string[] = [];
  for (const [name, text] of after) {
    const old = (before.get(name) ?? "").split("\n");
    const now = text.split("\n");
    let start = 0;
    while (start < old.length && old[start] === now[start]) start++;
    let end = 0;
    while (end < old.length - start && end < now.length - start && old.at(-1 - end) === now.at(-1 - end)) end++;
    const went = old.slice(start, old.length - end).map((line) => `- ${line}`);
    const came = now.slice(start, now.length - end).map((line) => `+ ${line}`);
    parts.push([`${name}:${start + 1}`, ...went.slice(0, 40), ...came.slice(0, 40)].join("\n"));
  }
  return parts.join("\n");
}

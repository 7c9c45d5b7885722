// What `hotreload dev --json` prints, one object a line, as a user's script would read it.

export interface Ready {
  readonly type: "ready";
  readonly buildMs: number;
  readonly readyMs?: number;
  readonly pid?: number;
}

export interface ProcessState {
  readonly type: "process";
  readonly pid: number;
  readonly state: "connected" | "exited";
  readonly [detail: string]: unknown;
}

export interface Status {
  readonly type: "status";
  readonly pid: number;
  readonly parentPid: number;
  readonly name: string;
  readonly executable: string;
  readonly started: string;
  readonly threads: number;
  readonly state: "current" | "behind" | "silent";
  readonly why?: string;
  readonly patches: readonly {
    readonly patch: number;
    readonly standing: string;
    readonly functions: readonly string[];
  }[];
}

export interface Restarting {
  readonly type: "restarting";
  readonly pid: number;
  readonly why: string;
}

export interface State {
  readonly type: "state";
  readonly pid: number;
  readonly key: string;
  readonly size: number;
  readonly left: number;
  readonly kept: boolean;
}

export interface Output {
  readonly type: "output";
  readonly pid: number;
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

export interface Hot {
  readonly type: "hot";
  readonly files: readonly string[];
  readonly functions: readonly string[];
  readonly variables: readonly string[];
  readonly notes?: readonly string[];
  readonly stillRunning?: readonly {
    readonly function: string;
    readonly thread: number;
    readonly threadName: string;
    readonly reliesOn?: readonly string[];
  }[];
  readonly pid?: number;
  readonly ms: {
    readonly total: number;
    readonly build: number;
    readonly diff: number;
    readonly link: number;
    readonly bind: number;
    readonly apply: number;
  };
  readonly patch: number;
}

export interface Turned {
  readonly type: "undone" | "redone";
  readonly pid: number;
  readonly patch: number;
  readonly functions: readonly string[];
  readonly us: number;
  readonly notes: readonly string[];
}

export interface Unchanged {
  readonly type: "unchanged";
  readonly files: readonly string[];
  readonly notes?: readonly string[];
}

export interface BuildFailed {
  readonly type: "buildFailed";
  readonly files: readonly string[];
  readonly output: string;
  readonly diagnostics: readonly {
    readonly file: string;
    readonly line?: number;
    readonly column?: number;
    readonly severity: "error" | "warning" | "note";
    readonly message: string;
  }[];
}

export interface RestartNeeded {
  readonly type: "restartNeeded";
  readonly files: readonly string[];
  readonly reasons: readonly {
    readonly code: string;
    readonly message: string;
    readonly file?: string;
    readonly line?: number;
  }[];
  readonly action: "ask" | "restart" | "ignore" | "none";
}

/** Not the outcome of a save, but a test that waits for one must not go on waiting. */
export interface Failure {
  readonly type: "error";
  readonly code: string;
  readonly message: string;
  readonly detail?: string;
}

export type Verdict = Hot | Unchanged | BuildFailed | RestartNeeded | Failure;

export interface Progress {
  readonly type: "progress";
  readonly stage: string;
  readonly text: string;
}

export type DevMessage = Ready | ProcessState | Restarting | State | Output | Verdict | Turned | Progress;

const verdicts: ReadonlySet<string> = new Set(["hot", "unchanged", "buildFailed", "restartNeeded", "error"]);

export function isVerdict(message: DevMessage): message is Verdict {
  return verdicts.has(message.type);
}

// The end of the dev server: asked for by a key or a signal, or forced by a bug; nothing stays behind either way.

interface Step {
  readonly orderly: () => void | Promise<void>;
  /** For our own end in trouble: at once, without waiting. */
  readonly forced: (() => void) | undefined;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** A Ctrl-C may reach us twice: from the terminal, and from npx. */
const ONE_REQUEST_MS = 300;

export class Ending {
  private readonly controller = new AbortController();
  private readonly steps: Step[] = [];
  private asked: number | undefined;

  constructor() {
    for (const signal of SIGNALS) process.on(signal, this.begin);
    process.on("uncaughtException", this.crash);
    process.on("unhandledRejection", this.crash);
    // Whoever reads our reports is gone.
    process.stdout.on("error", this.abort);
    process.stderr.on("error", this.abort);
  }

  /** Aborted when the end was asked for. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Asks for the end; the second time it does not wait for anything. */
  readonly begin = (): void => {
    const now = performance.now();
    if (this.asked === undefined) this.controller.abort();
    else if (now - this.asked > ONE_REQUEST_MS) for (const step of this.steps) step.forced?.();
    else return;
    this.asked = now;
  };

  /** What has to be done at the end; the last one added is done first. */
  onEnd(orderly: () => void | Promise<void>, forced?: () => void): void {
    this.steps.push({ orderly, forced });
  }

  /** Does what has to be done at the end. */
  async end(): Promise<void> {
    this.controller.abort();
    for (const step of this.steps.toReversed()) await step.orderly();
    for (const signal of SIGNALS) process.off(signal, this.begin);
    process.off("uncaughtException", this.crash);
    process.off("unhandledRejection", this.crash);
  }

  private readonly abort = (): void => this.controller.abort();

  /** An exception that nobody expected: everything is ended by force. */
  private readonly crash = (error: unknown): void => {
    this.controller.abort();
    for (const step of this.steps.toReversed()) {
      try {
        step.forced?.();
      } catch {
        // The others still have to be ended.
      }
    }
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`hotreload ended by a bug of its own:\n${stack}\n`);
    process.exit(1);
  };
}

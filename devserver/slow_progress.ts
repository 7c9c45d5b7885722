// Progress of builds that take longer than a person waits without wondering; that of the others is noise.

import type { Progress } from "../plugin/ninja_output.js";

const SLOW_MS = 1000;

/** The progress of one build: nothing for a second, then where it is, then each step. */
export class SlowProgress {
  private last: Progress;
  private isSlow = false;
  private readonly timer: NodeJS.Timeout;

  /** @param steps how many there are, as far as is known before ninja says */
  constructor(
    steps: number,
    private readonly onProgress: (progress: Progress) => void,
    slowMs = SLOW_MS,
  ) {
    this.last = { done: 0, total: steps, text: "still at the first step" };
    this.timer = setTimeout(() => {
      this.isSlow = true;
      this.onProgress(this.last);
    }, slowMs);
  }

  readonly step = (progress: Progress): void => {
    this.last = progress;
    if (this.isSlow) this.onProgress(progress);
  };

  end(): void {
    clearTimeout(this.timer);
  }
}

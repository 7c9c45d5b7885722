// Waiting for something to become true: checked again whenever something happened, never by sleeping.

/** Milliseconds. Generous: two cores may be shared with a build. */
export const DEADLINE = 60_000;

export class Changes {
  readonly #checks = new Set<() => void>();

  /** Something happened: whoever waits looks again. */
  notify(): void {
    for (const check of [...this.#checks]) check();
  }

  /**
   * Resolves with the first value of `look` that is not undefined. An exception of `look` ends the wait at once.
   * @param what completes the sentence "waited N s for ..."
   * @param context is added to the message when the deadline passes
   */
  until<T>(what: string, look: () => T | undefined, deadline = DEADLINE, context?: () => string): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const finish = (settle: () => void) => {
        clearTimeout(timer);
        this.#checks.delete(check);
        settle();
      };
      const check = () => {
        try {
          const value = look();
          if (value !== undefined) finish(() => resolve(value));
        } catch (error) {
          finish(() => reject(error));
        }
      };
      const timer = setTimeout(() => {
        const suffix = context ? `\n${context()}` : "";
        finish(() => reject(new Error(`waited ${deadline / 1000} s for ${what}${suffix}`)));
      }, deadline);
      this.#checks.add(check);
      check();
    });
  }
}

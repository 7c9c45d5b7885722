// Random numbers that are the same for the same seed: the generator mulberry32. And rounds of a test, one seed each.

export class Random {
  constructor(private state: number) {}

  /** An integer from 0 to limit - 1. */
  below(limit: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  pick<T>(values: readonly T[]): T {
    const value = values[this.below(values.length)];
    if (value === undefined) throw new RangeError("there is nothing to pick from");
    return value;
  }
}

/**
 * Runs `round` with the seeds from `first` on. HOTRELOAD_FUZZ_SEED is another first seed: that of a round that failed, to
 * play it again, or any, to go where nobody has been; HOTRELOAD_FUZZ_ROUNDS is another number of rounds.
 */
export function fuzz(first: number, rounds: number, round: (random: Random) => void): void {
  const from = Number(process.env.HOTRELOAD_FUZZ_SEED ?? first);
  const count = Number(process.env.HOTRELOAD_FUZZ_ROUNDS ?? rounds);
  for (let seed = from; seed < from + count; seed++) {
    try {
      round(new Random(seed));
    } catch (error) {
      console.error(`to play this round again: HOTRELOAD_FUZZ_SEED=${seed} HOTRELOAD_FUZZ_ROUNDS=1`);
      throw error;
    }
  }
}

/** Repeatable random numbers: a failing test prints the seed, and `SEED` repeats the run. */
import { randomInt } from 'node:crypto';

export interface SeededRandom {
  readonly seed: number;
  /** A number in [0, 1), as `Math.random` gives. */
  next(): number;
  /** True once a number was drawn: only then is the seed printed. */
  readonly used: boolean;
}

/**
 * Starts a sequence of random numbers.
 *
 * @param given - The seed to replay, usually `process.env.SEED`; random when missing.
 * @returns The generator (Mulberry32: 32 bits of state, enough for test data and nothing else).
 * @throws RangeError when `given` is not a whole number from 0 to 4294967295.
 */
export function seededRandom(given: string | undefined): SeededRandom {
  const seed = given === undefined || given === '' ? randomInt(2 ** 32) : Number(given);
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
    throw new RangeError(`SEED must be a whole number from 0 to 4294967295, got "${given}"`);
  }
  let state = seed;
  let used = false;
  return {
    seed,
    get used(): boolean {
      return used;
    },
    next(): number {
      used = true;
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    },
  };
}

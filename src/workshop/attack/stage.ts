/** What a lesson's `attack.ts` imports: the stage it plays on and the two verdicts. */
import type { Bench } from '../bench/bench.ts';
import type { Verdict } from './verdict.ts';

export { breached, held, type Verdict } from './verdict.ts';

/** The victim's server, and what an attacker may touch. */
export interface Stage extends Bench {
  /** Prints one line of the transcript; an attack has fewer than fifteen. */
  say(line: string): void;
}

/** The one function that `lessons/NN-name/attack.ts` exports, as `attack`. */
export type Attack = (stage: Stage) => Promise<Verdict>;

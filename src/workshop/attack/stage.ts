/** What a lesson's `attack.ts` imports: the stage it plays on and the two verdicts. */
import type { Bench } from '../bench/bench.ts';

export { breached, held, type Verdict } from './verdict.ts';

/** The victim's server, and what an attacker may touch. */
export interface Stage
  extends Pick<
    Bench,
    'handler' | 'newId' | 'store' | 'database' | 'serve' | 'gate' | 'clock' | 'random'
  > {
  /** Prints one numbered line of the transcript; an attack has fewer than fifteen. */
  say(line: string): void;
}

/** The one function that `lessons/NN-name/attack.ts` exports. */
export type Attack = (stage: Stage) => Promise<import('./verdict.ts').Verdict>;

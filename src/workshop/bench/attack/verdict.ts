/** How an attack ends, and the only two words for it. */
export interface Verdict {
  verdict: 'breached' | 'held';
  /** One sentence: what the attacker got, or what stopped him. */
  because: string;
}

/**
 * The attack succeeded.
 *
 * @param because - What the attacker has now that he should not have.
 * @returns The verdict to return from `attack`.
 */
export function breached(because: string): Verdict {
  return { verdict: 'breached', because };
}

/**
 * The attack failed.
 *
 * @param because - What stopped it.
 * @returns The verdict to return from `attack`.
 */
export function held(because: string): Verdict {
  return { verdict: 'held', because };
}

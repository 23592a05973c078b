/** The imports of a lesson's `attack.ts`: its bench and the two verdicts. */

import type { PageRequest, PageResponse } from '../sandbox/browser.ts';
import type { Bench } from './bench.ts';
import type { Server } from './serve.ts';

/** The two possible results of an attack. */
export interface Verdict {
  verdict: 'breached' | 'held';
  /** One sentence: the attacker's gain, or the obstacle. */
  because: string;
}

/** The verdict of an attack that succeeded, with the attacker's gain. */
export function breached(because: string): Verdict {
  return { verdict: 'breached', because };
}

/** The verdict of an attack that failed, with the obstacle. */
export function held(because: string): Verdict {
  return { verdict: 'held', because };
}

/** The victim's server, and what an attacker may touch. */
export interface AttackBench extends Bench {
  /** Prints one line of the transcript; an attack has fewer than fifteen. */
  say(line: string): void;
}

/** The one function that `lessons/NN-name/attack.ts` exports, as `attack`. */
export type Attack = (bench: AttackBench) => Promise<Verdict>;

/**
 * Signs Ann in and checks it: on a page that fails for every user, an attack would be held by
 * accident.
 *
 * @param request - Her browser's request, with a cookie that it already has.
 * @returns The response to her sign-in.
 * @throws Error with the page's text, when her own cookie does not show her name.
 */
export async function signIn(server: Server, request: PageRequest = {}): Promise<PageResponse> {
  const login = await server.request({ ...request, path: '/login?user=ann' });
  const { body } = await server.request({ path: '/whoami', cookie: login.cookie });
  if (body.includes('ann')) return login;
  throw new Error(`Ann signs in, and the page does not know her: ${body.trim()}`);
}

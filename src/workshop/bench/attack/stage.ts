/** What a lesson's `attack.ts` imports: the stage it plays on and the two verdicts. */
import type { Bench } from '../bench.ts';
import type { PageRequest, PageResponse } from '../browser.ts';
import type { Server } from '../serve.ts';
import type { Verdict } from './verdict.ts';

export { breached, held, type Verdict } from './verdict.ts';

/** The victim's server, and what an attacker may touch. */
export interface Stage extends Bench {
  /** Prints one line of the transcript; an attack has fewer than fifteen. */
  say(line: string): void;
}

/** The one function that `lessons/NN-name/attack.ts` exports, as `attack`. */
export type Attack = (stage: Stage) => Promise<Verdict>;

/**
 * Signs Ann in, and makes sure that she is: where the page fails for everybody, every attack would
 * be held by accident.
 *
 * @param server - Where.
 * @param request - What her browser sends along: a cookie that it has already.
 * @returns The answer to her sign-in.
 * @throws Error with what the page answered, when her own cookie does not show her name.
 */
export async function signIn(server: Server, request: PageRequest = {}): Promise<PageResponse> {
  const login = await server.request({ ...request, path: '/login?user=ann' });
  const { body } = await server.request({ path: '/whoami', cookie: login.cookie });
  if (body.includes('ann')) return login;
  throw new Error(`Ann signs in, and the page does not know her: ${body.trim()}`);
}

/** The contract of `phpsessid/mysql` itself: every strategy passes it, and so must another database. */
import { type ContractCase, type ContractOptions, register } from './case.ts';
import { endingCases } from './sessions/endings.ts';
import { openingCases } from './sessions/openings.ts';
import { savingCases } from './sessions/savings.ts';
import type { SessionsSubject } from './sessions/subject.ts';

/** The cases of the contract, in the order of the page about it. */
export const sessionsCases: readonly ContractCase<SessionsSubject>[] = [
  ...openingCases,
  ...savingCases,
  ...endingCases,
];

/**
 * Tests a store of sessions as `createSessions()` makes it, with its strategy and its options.
 *
 * @param options - The runner, and the store.
 * @example
 * const names: string[] = [];
 * // In your tests: `test` of node:test or vitest, `it` of mocha.
 * const test = (name: string): void => void names.push(name);
 * sessionsContract({
 *   test,
 *   create: () => ({
 *     open: () =>
 *       createSessions({
 *         url: 'mysql://user:password@localhost/app',
 *         secrets: ['the output of: openssl rand -base64 32'],
 *         strategy: 'lease',
 *       }),
 *   }),
 * });
 * names[0]; // 'open: an id that was never given out opens nothing'
 */
export function sessionsContract(options: ContractOptions<SessionsSubject>): void {
  register(sessionsCases, options);
}

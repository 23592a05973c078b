/** The contract of sessions over HTTP: an adapter of a framework, with whatever store it has. */

import { cookieCases } from './adapter/cookies.ts';
import { outageCases } from './adapter/outages.ts';
import { overlappingCases } from './adapter/overlaps.ts';
import type { SessionSite } from './adapter/site.ts';
import { visitCases } from './adapter/visits.ts';
import type { ContractCase, ContractOptions } from './case.ts';
import { register } from './case.ts';

/** The cases of the contract, in the order of the page about it. */
export const adapterCases: readonly ContractCase<SessionSite>[] = [
  ...visitCases,
  ...cookieCases,
  ...overlappingCases,
  ...outageCases,
];

/**
 * Tests sessions over HTTP, as a browser sees them: what lasts, what a login and a logout do, and
 * whether a response waits for the save. A case for a part that the site does not offer is skipped.
 *
 * @param options - The runner, and a site that serves a page on the adapter to test.
 * @example
 * const names: string[] = [];
 * // In your tests: `test` of node:test or vitest, `it` of mocha.
 * const test = (name: string): void => void names.push(name);
 * adapterContract({
 *   test,
 *   name: 'Express',
 *   create: () => ({ serve: () => Promise.reject(new Error('starts a server, returns its URL')) }),
 * });
 * names[0]; // 'Express: visits: a session lasts from request to request'
 */
export function adapterContract(options: ContractOptions<SessionSite>): void {
  register(adapterCases, options);
}

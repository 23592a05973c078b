/** The contract of a store behind express-session, @fastify/session and others of their shape. */
import type { ContractCase, ContractOptions } from './case.ts';
import { register } from './case.ts';
import { failureCases } from './store/failures.ts';
import { identifierCases } from './store/identifiers.ts';
import { lifetimeCases } from './store/lifetimes.ts';
import { overlapCases } from './store/overlaps.ts';
import type { StoreSubject } from './store/subject.ts';
import { surveyCases } from './store/survey.ts';
import { valueCases } from './store/values.ts';

/** The cases of the contract, in the order of the page about it. */
export const sessionStoreCases: readonly ContractCase<StoreSubject>[] = [
  ...valueCases,
  ...identifierCases,
  ...lifetimeCases,
  ...overlapCases,
  ...failureCases,
  ...surveyCases,
];

/**
 * Tests a session store of express-session's shape: `get`, `set` and `destroy` with callbacks, and
 * `touch`, `all`, `length`, `clear` where the store has them. A case for a part that it does not
 * have is skipped.
 *
 * @param options - The runner, and the store.
 * @example
 * import { MemoryStore } from 'express-session';
 *
 * const names: string[] = [];
 * // In your tests: `test` of node:test or vitest, `it` of mocha.
 * const test = (name: string): void => void names.push(name);
 * sessionStoreContract({
 *   test,
 *   create: () => ({ store: new MemoryStore() }),
 *   cases: ({ level }) => level === 'required',
 * });
 * names[0]; // 'get: finds nothing under an unknown id, without an error'
 */
export function sessionStoreContract(options: ContractOptions<StoreSubject>): void {
  register(sessionStoreCases, options);
}

/**
 * Tests for your own session store or adapter: the test runner is handed in, and nothing is
 * installed.
 *
 * Each case is `required`, `recommended` or `optional`, and says which harm is done without it.
 *
 * @module contract
 */
export type {
  HeldSave,
  Page,
  PageAnswer,
  PageSession,
  SessionSite,
} from './adapter/site.ts';
export { adapterCases, adapterContract } from './adapter.ts';
export {
  type ContractCase,
  type ContractOptions,
  type Level,
  NotApplicable,
  type RunnerContext,
  type RunnerTest,
} from './case.ts';
export { sessionStoreCases, sessionStoreContract } from './session-store.ts';
export type { SessionsSubject } from './sessions/subject.ts';
export { sessionsCases, sessionsContract } from './sessions.ts';
export type {
  CallbackStore,
  StoredCookie,
  StoredSession,
  StoreMethod,
  StoreSubject,
} from './store/subject.ts';

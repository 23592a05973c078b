/** `#bench`: everything a lesson's test file needs, opened by one line at its top. */

export type { PageRequest, PageResponse } from '../sandbox/browser.ts';
export { NotPorted } from '../sandbox/not-ported.ts';
export type { Gate, GateOptions } from '../wire/gate.ts';
export type { Outcome, Statement, WireValue } from '../wire/statement.ts';
export { type Attack, type AttackBench, breached, held, signIn, type Verdict } from './attack.ts';
export type { Bench, SecondProcess } from './bench.ts';
export type { BenchCache } from './cache.ts';
export type { BenchClock } from './clock.ts';
export type { BenchCluster } from './cluster.ts';
export type { BenchDatabase, Row } from './database.ts';
export type { ByteSource, Drawn } from './draws.ts';
export type { BenchHandler } from './handler.ts';
export { lockLimits } from './lock-limits.ts';
export { openBench } from './open.ts';
export { containsPart, recordHashed } from './secrets.ts';
export type { ServeOptions, Server } from './serve.ts';

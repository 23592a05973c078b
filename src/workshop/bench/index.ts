/** `#bench`: everything a lesson's test file needs, opened by one line at its top. */

export type { Gate, GateOptions } from '../wire/gate.ts';
export type { Outcome, Statement, WireValue } from '../wire/statement.ts';
export type { Attack, Stage } from './attack/stage.ts';
export { breached, held, type Verdict } from './attack/verdict.ts';
export type { Bench } from './bench.ts';
export type { PageRequest, PageResponse } from './browser.ts';
export type { BenchClock } from './clock.ts';
export type { BenchDatabase, Row } from './database.ts';
export { type BenchHandler, NotPorted } from './handler.ts';
export { openBench } from './open.ts';
export type { ServeOptions, Server } from './serve.ts';

/**
 * The door for the command line: the parts that an operator's program needs and an application does
 * not.
 *
 * The command line imports from this file and from `index.ts`, and from no other file of `src/store`.
 */
export { endAll, endOne, walkRows } from './all.ts';
export type { Context } from './context.ts';
export { type Converted, convertAll } from './convert.ts';
export { tlsFault } from './database/tls.ts';
export { Engine } from './engine.ts';
export { collect, RUNNER } from './gc.ts';
export { leaseSchema } from './hold/lease.ts';
export { Payload } from './payload/payload.ts';
export { isSealed, PayloadSeal } from './payload/seal.ts';
export { OPTION_NAMES, settingsOf } from './settings.ts';
export { quote } from './table/names.ts';
export { OurTable } from './table/ours.ts';
export { NOW } from './table/statements.ts';
export { UserSessions } from './users.ts';

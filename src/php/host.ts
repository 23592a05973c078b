/**
 * The door for adapters and stores: opens one request, runs a program in it, and saves its session.
 *
 * Adapters import from this file and from `index.ts`, and from no other file of `src/php`.
 */
export { isThenable } from './awaitable.ts';
export { knowRequest } from './functions/bound.ts';
export type { HandlerContext, OpenHandler, Opening, SaveModule } from './handlers/save-module.ts';
export { type Caller, callerOf, namesSender } from './session/caller.ts';
export type { Place, RequestInput, ResponseHead } from './session/context.ts';
export { inputOf, type RequestSource } from './session/input.ts';
export type { PhpOptions } from './session/options.ts';
export type { PhpRequest, RequestParts } from './session/request.ts';
export {
  commitRequest,
  hasWork,
  prepare,
  runRequest,
} from './session/run.ts';
export { insideOwn, isInside, isStray } from './session/scope.ts';

/**
 * The door for adapters and stores: opens one request, runs a program in it, and saves its session.
 *
 * Adapters import from this file and from `index.ts`, and from no other file of `src/php`.
 */
export { callerOf } from './session/caller.ts';
export { inputOf, type RequestSource } from './session/input.ts';
export {
  commitRequest,
  hasWork,
  prepare,
  type RequestParts,
  runRequest,
} from './session/open-request.ts';
export type {
  PhpOptions,
  PhpRequest,
  Place,
  RequestInput,
  ResponseHead,
} from './session/request.ts';
export type { SaveModule } from './session/save-module.ts';

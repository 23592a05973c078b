/** Calls of session functions: their turns, their names in messages, and their exceptions. */
import { type Awaitable, inSteps, isPromise, type Steps } from '../awaitable.ts';
import type { PhpRequest } from './request.ts';
import { currentRequest, isInHandler } from './scope.ts';

/** A session function's work. */
type Work<Result> = (request: PhpRequest) => Steps<Result>;

/**
 * Lets a function run until the next tick at least: a program that does not await it then fails with
 * every handler, not only with one that waits.
 */
const TICK: Promise<void> = Promise.resolve();

/**
 * Runs a session function to its end, after those of the same request that were called before it.
 *
 * @param name - The function.
 * @param work - The function's work.
 * @returns The result of `work`.
 */
export function perform<Result>(name: string, work: Work<Result>): Promise<Result> {
  let request: PhpRequest;
  try {
    request = currentRequest(`${name}()`);
  } catch (error) {
    return Promise.reject(error);
  }
  if (isInHandler()) return start(request, name, work);
  if (request.turn === undefined) return occupy(request, start(request, name, work));
  const startInTurn = (): Promise<Result> => {
    currentRequest(`${name}()`);
    return start(request, name, work);
  };
  return occupy(request, request.turn.then(startInTurn, startInTurn));
}

function start<Result>(request: PhpRequest, name: string, work: Work<Result>): Promise<Result> {
  // Always a promise, because of the tick.
  return inSteps(execute(request, name, work, TICK)) as Promise<Result>;
}

/**
 * Waits until the request's session functions have finished, and runs one more.
 *
 * @param request - The request.
 * @param body - The function.
 * @returns The result of `body`.
 */
export function inTurn<Result>(
  request: PhpRequest,
  body: () => Awaitable<Result>,
): Awaitable<Result> {
  if (request.turn !== undefined) return occupy(request, request.turn.then(body, body));
  const result = body();
  return isPromise(result) ? occupy(request, result) : result;
}

/** Lets the functions that are called from now on wait for this one. */
function occupy<Result>(request: PhpRequest, mine: Promise<Result>): Promise<Result> {
  request.turn = mine;
  const leave = (): void => {
    if (request.turn === mine) request.turn = undefined;
  };
  mine.then(leave, leave);
  return mine;
}

/** Runs a function that cannot reach a handler. */
export function performSync<Result>(name: string, body: (request: PhpRequest) => Result): Result {
  const request = currentRequest(`${name}()`);
  const { reporter } = request;
  const outer = reporter.activeFunction;
  reporter.activeFunction = name;
  // In a callback, an exception may be pending that is not this function's.
  const before = reporter.exception;
  reporter.exception = undefined;
  try {
    const result = body(request);
    reporter.throwPending();
    return result;
  } finally {
    reporter.activeFunction = outer;
    reporter.exception = before;
  }
}

/**
 * Runs a function under its name, then throws the exception of a handler or a message's receiver.
 *
 * @param request - The request.
 * @param name - The name that messages begin with.
 * @param work - The function's work.
 * @param until - The function counts as running until this promise is settled, at least.
 * @returns The result of `work`.
 */
export function* execute<Result>(
  request: PhpRequest,
  name: string,
  work: Work<Result>,
  until?: Promise<void>,
): Steps<Result> {
  const { reporter } = request;
  const outer = reporter.activeFunction;
  const outerRunning = request.running;
  reporter.activeFunction = name;
  request.running = name;
  try {
    const result = yield* work(request);
    reporter.throwPending();
    return result;
  } catch (error) {
    // Of two exceptions the later one is thrown, as in PHP.
    reporter.exception = undefined;
    throw error;
  } finally {
    if (until !== undefined) yield until;
    reporter.activeFunction = outer;
    request.running = outerRunning;
  }
}

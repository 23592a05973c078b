/** One request from its opening to its commit. */

import {
  type Awaitable,
  inSteps,
  isPromise,
  isThenable,
  ready,
  type Steps,
  whenReady,
} from '../awaitable.ts';
import { filesModule } from '../handlers/files.ts';
import { Callbacks } from '../handlers/user.ts';
import { throwFirst } from '../several-errors.ts';
import { Reporter } from '../zend/reporter.ts';
import { execute, inTurn } from './calls.ts';
import { type PhpOptions, requireOptions, withDefaults } from './options.ts';
import { PhpRequest, type RequestParts } from './request.ts';
import { insideRequest } from './scope.ts';
import { Settings } from './settings.ts';

const SHUTDOWN = 'PHP Request Shutdown';

let processDefault: ((request: PhpRequest) => void) | undefined;

/**
 * Sets the save handler that every later request of this process begins with.
 *
 * @param install - Installs the handler in a new request.
 */
export function setProcessDefault(install: (request: PhpRequest) => void): void {
  processDefault = install;
}

/**
 * Prepares PHP's module for a process: settings are checked once, here.
 *
 * @param options - PHP's behaviour.
 * @returns A function that opens one request.
 * @throws RangeError for an unknown option or setting, or a value that PHP refuses.
 */
export function prepare(options: PhpOptions = {}): (parts?: RequestParts) => PhpRequest {
  requireOptions(options);
  const version = options.version ?? '8.4';
  const settings = new Settings(version);
  for (const [key, value] of Object.entries(options.settings ?? {})) {
    if (value !== undefined) settings.configure(key, value, version);
  }
  const checked = withDefaults(options);
  return (parts = {}) => {
    const modules = { files: filesModule, user: new Callbacks() };
    const reporter = new Reporter(version, options.onMessage);
    const request = new PhpRequest(settings, reporter, checked, modules, parts);
    processDefault?.(request);
    return request;
  };
}

/**
 * Runs a program as one request, from auto_start to the end of `body`; its session stays open.
 *
 * @param request - The request.
 * @param body - The program.
 * @returns The result of `body`.
 */
export function runRequest<Result>(
  request: PhpRequest,
  body: () => Awaitable<Result>,
): Awaitable<Result> {
  return insideRequest(request, () => {
    if (!request.settings.get('auto_start')) return started(body());
    const starting = inTurn(request, () =>
      inSteps(execute(request, 'PHP Request Startup', ({ session }) => session.start())),
    );
    return whenReady(starting, () => started(body()));
  });
}

/** Starts what waits for its first then(), such as a query builder, in the request's context. */
function started<Result>(result: Awaitable<Result>): Awaitable<Result> {
  if (isPromise(result) || !isThenable(result)) return result;
  const lazy = result as PromiseLike<Result>;
  return new Promise((resolve, reject) => void lazy.then(resolve, reject));
}

/**
 * Ends a request's session: shutdown functions, write, close. Calls that wait for their turn run
 * first.
 *
 * @param request - The request.
 * @param reason - Why nothing that is assigned later will be saved.
 * @returns A promise where the end has to wait.
 * @throws The first error that a shutdown function or a save handler threw; the others are warnings
 *   of the process.
 */
export function commitRequest(request: PhpRequest, reason: string): Awaitable<void> {
  return insideRequest(request, () => inSteps(endRequest(request, reason)));
}

/** The shutdown functions, then the module's own RSHUTDOWN (session.c L2925). */
function* endRequest(request: PhpRequest, reason: string): Steps<void> {
  while (request.turn) yield request.turn.catch(() => {});
  const errors: unknown[] = [];
  request.hasLeftMain = true;
  // As in PHP, an uncaught exception ends the shutdown functions, not the module's shutdown.
  try {
    yield* callShutdownFunctions(request);
  } catch (error) {
    errors.push(error);
  }
  // In turn, so that a session_start() without await has opened its handler before this.
  yield* ready(inTurn(request, () => inSteps(shutDown(request, reason, errors))));
  throwFirst(errors);
}

function* callShutdownFunctions({ shutdownFunctions }: PhpRequest): Steps<void> {
  for (const [key, shutdownFunction] of shutdownFunctions) {
    shutdownFunctions.delete(key);
    const result = shutdownFunction();
    if (isThenable(result)) yield Promise.resolve(result);
  }
}

function* shutDown(request: PhpRequest, reason: string, errors: unknown[]): Steps<void> {
  const { reporter, session } = request;
  request.committed = reason;
  reporter.hasLeftProgram = true;
  try {
    if (session.isActive) yield* execute(request, SHUTDOWN, () => session.flush());
  } catch (error) {
    errors.push(error);
  }
  session.variables.untrack();
  try {
    // A handler that an error has left open.
    if (session.storage.isOpen) {
      yield* execute(request, SHUTDOWN, () => ready(session.storage.close()));
    }
  } catch (error) {
    errors.push(error);
  }
  try {
    yield* ready(session.storage.release());
  } catch (error) {
    errors.push(error);
  }
  reporter.hasLeftProgram = false;
}

/**
 * Whether the end of the request has anything to do; if not, its response need not wait.
 *
 * @param request - The request.
 * @returns true while a session is active or open, or a function waits for its turn or the end.
 */
export function hasWork({ session, turn, shutdownFunctions }: PhpRequest): boolean {
  return (
    session.isActive || session.storage.isOpen || turn !== undefined || shutdownFunctions.size > 0
  );
}

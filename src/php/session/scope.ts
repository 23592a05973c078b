/** The running request, by async context: PHP has one for each process, Node many at once. */
import { AsyncLocalStorage, executionAsyncId } from 'node:async_hooks';
import { PhpScopeError } from '../messages.ts';
import type { PhpRequest } from './request.ts';

interface Scope {
  readonly request: PhpRequest;
  /** True within a save handler's callback, whose calls must not wait for their own caller. */
  readonly inHandler: boolean;
}

const scopes = new AsyncLocalStorage<Scope>();

/** The request that was used last, and the callback that did. */
let lastUsed: PhpRequest | undefined;
let lastUsedIn = 0;

/**
 * Runs a function, and all it awaits, as one request.
 *
 * @param request - The request.
 * @param body - The request's program.
 * @returns The result of `body`.
 */
export function insideRequest<Result>(request: PhpRequest, body: () => Result): Result {
  const scope = scopes.getStore();
  if (scope?.request === request && !scope.inHandler) return body();
  return scopes.run({ request, inHandler: false }, body);
}

/**
 * Runs a function as one request, whatever context calls it. In this request's own save handler it
 * stays in the handler, whose calls do not wait for their turn.
 *
 * @param request - The request.
 * @param body - The function.
 * @returns The result of `body`.
 */
export function insideOwn<Result>(request: PhpRequest, body: () => Result): Result {
  return isInside(request) ? body() : insideRequest(request, body);
}

/**
 * Whether this code runs in a request's context.
 *
 * @param request - The request.
 * @returns false outside any request, and in another request's context.
 */
export function isInside(request: PhpRequest): boolean {
  return scopes.getStore()?.request === request;
}

/**
 * Runs a save handler's callback: session functions that it calls do not wait for their turn.
 *
 * @param body - The callback.
 * @returns The result of `body`.
 */
export function insideHandler<Result>(body: () => Result): Result {
  const scope = scopes.getStore();
  if (scope === undefined || scope.inHandler) return body();
  return scopes.run({ request: scope.request, inHandler: true }, body);
}

/**
 * Whether this code belongs to a request.
 *
 * @returns false at a module's top level, in a timer that no request set.
 */
export function hasScope(): boolean {
  return scopes.getStore() !== undefined;
}

/**
 * Whether this code is a save handler's callback.
 *
 * @returns false outside a request as well.
 */
export function isInHandler(): boolean {
  return scopes.getStore()?.inHandler ?? false;
}

/**
 * Whether this code may use `$_SESSION` at any time, as PHP lets a save handler's callback and an
 * error handler.
 *
 * @param request - The request.
 * @returns false in the request's own program.
 */
export function isCallback(request: PhpRequest): boolean {
  return isInHandler() || request.reporter.isReporting;
}

/**
 * The request that this code belongs to.
 *
 * @param what - The called function, for the message: `session_start()`.
 * @returns The request.
 * @throws PhpScopeError outside a request, and after it.
 */
export function currentRequest(what: string): PhpRequest {
  const scope = scopes.getStore();
  if (!scope) {
    throw new PhpScopeError(
      `${what} was used outside a request: wrap the listener in withPhpSession() of phpsessid/node, ` +
        'the handler in withPhpFetch() of phpsessid/fetch, or use phpSession() of phpsessid/express ' +
        'as the first middleware; in a callback that has lost its request, use phpSessionOf(request)',
    );
  }
  const { request } = scope;
  if (request.ended !== undefined) {
    throw new PhpScopeError(
      `${what} was used after its request had ended: ${request.ended}; await the work before you answer`,
    );
  }
  lastUsed = request;
  lastUsedIn = executionAsyncId();
  return request;
}

/**
 * Whether the running callback has used the session of another request, in whose context it runs,
 * before it turned to this one: a library has called it in a wrong context.
 *
 * @param request - The request that the callback should belong to.
 */
export function isStray(request: PhpRequest): boolean {
  if (lastUsed === request || lastUsedIn !== executionAsyncId()) return false;
  return lastUsed !== undefined && isInside(lastUsed);
}

/**
 * Refuses to begin a session that would not be saved.
 *
 * @param request - The request.
 * @throws PhpScopeError once the request's session was saved, except within a save handler.
 */
export function refuseAfterCommit(request: PhpRequest): void {
  if (request.committed === undefined || isInHandler()) return;
  throw new PhpScopeError(
    `session_start() was called after the session had been saved: ${request.committed}; ` +
      'await the work before you answer',
  );
}

/**
 * The request whose `$_SESSION` this code may touch.
 *
 * @returns The request.
 * @throws PhpScopeError while a session function of the same request has not finished.
 */
export function currentVariables(): PhpRequest {
  const request = currentRequest('$_SESSION');
  const isReady = request.running === undefined || request.committed !== undefined;
  if (!isReady && !isCallback(request)) {
    throw new PhpScopeError(`$_SESSION was used while ${request.running}() was running: await it`);
  }
  return request;
}

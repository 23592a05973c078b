/** Shutdown functions: those of the program, and those that write the session. */
import { type Awaitable, inSteps } from '../awaitable.ts';
import { execute, inTurn } from './calls.ts';
import type { PhpRequest } from './request.ts';

/** The name under which PHP registers a handler object's shutdown function: there is one. */
const OF_HANDLER = 'session_shutdown';

/** register_shutdown_function(): a new key each time, so that the functions queue. */
export function addShutdownFunction(request: PhpRequest, body: () => unknown): void {
  request.shutdownFunctions.set(Symbol('shutdown function'), body);
}

/** session_register_shutdown(), L2837: writes the session after the functions registered so far. */
export function registerShutdown(request: PhpRequest): void {
  const close = (): Awaitable<boolean> =>
    inSteps(execute(request, 'session_write_close', ({ session }) => session.flush()));
  addShutdownFunction(request, () => inTurn(request, close));
}

/**
 * Registers, or removes, the shutdown function of a handler object. It registers another one when
 * it runs, so that the session is active in every shutdown function of the program.
 *
 * @param request - The request.
 * @param isWanted - Whether the session is written by a shutdown function.
 */
export function registerHandlerShutdown(request: PhpRequest, isWanted: boolean): void {
  if (isWanted) request.shutdownFunctions.set(OF_HANDLER, () => registerShutdown(request));
  else request.shutdownFunctions.delete(OF_HANDLER);
}

/** The door for whoever answers requests: an adapter opens one PhpRequest for each. */

import { applyProcessDefault } from '../functions/set-save-handler.ts';
import { filesHandler } from '../handlers/files.ts';
import { userHandler } from '../handlers/user.ts';
import { endRequest } from './finish.ts';
import { type PhpOptions, PhpRequest, type RequestInput, type ResponseHead } from './request.ts';
import { execute, insideRequest, inTurn } from './scope.ts';
import { Settings } from './settings.ts';
import { startSession } from './start.ts';

/** What an adapter knows of one request. */
export interface RequestParts {
  /** What the client sent. */
  input?: RequestInput | undefined;
  /** Where the cookie and the cache headers go. */
  head?: ResponseHead | undefined;
  /** The framework's own request, for those who trace. */
  source?: unknown;
}

/**
 * Prepares PHP's module for a process: settings are checked once, here.
 *
 * @param options - How PHP behaves.
 * @returns A function that opens one request.
 * @throws RangeError for a setting that PHP does not have, or a value that it refuses.
 */
export function prepare(options: PhpOptions = {}): (parts?: RequestParts) => PhpRequest {
  const settings = new Settings();
  for (const [key, value] of Object.entries(options.settings ?? {})) {
    if (value !== undefined) settings.configure(key, value, options.version ?? '8.4');
  }
  return (parts = {}) => {
    const modules = { files: filesHandler, user: userHandler };
    const request = new PhpRequest(options, modules, { ...parts, settings });
    applyProcessDefault(request);
    return request;
  };
}

/**
 * Runs a program as one request, from auto_start to the end of `body`; its session stays open.
 *
 * @param request - The request.
 * @param body - The program.
 * @returns What `body` returns.
 */
export async function runRequest<Result>(
  request: PhpRequest,
  body: () => Result | Promise<Result>,
): Promise<Result> {
  return await insideRequest(request, async () => {
    if (request.settings.get('auto_start')) {
      await inTurn(request, () =>
        execute(request, 'PHP Request Startup', (each) => startSession(each)),
      );
    }
    return await body();
  });
}

/**
 * Ends a request's session: shutdown functions, write, close. Calls that wait are served first.
 *
 * @param request - The request.
 * @param reason - Why nothing that is assigned later will be saved.
 * @throws The first error that a shutdown function or a save handler threw.
 */
export async function commitRequest(request: PhpRequest, reason: string): Promise<void> {
  await insideRequest(request, async () => {
    while (request.turn) await request.turn.catch(() => {});
    await endRequest(request, reason);
  });
}

/**
 * Whether ending the request would do anything: when not, a response need not wait.
 *
 * @param request - The request.
 * @returns true while a session is active, or something waits for the end.
 */
export function hasWork(request: PhpRequest): boolean {
  return (
    request.status === 2 ||
    request.isOpen ||
    request.turn !== undefined ||
    request.shutdownFunctions.size > 0
  );
}

/**
 * Runs a program with a session but without HTTP: a test, a job, a command.
 *
 * @param options - How PHP behaves: settings, version, who hears its messages.
 * @param body - The program; what it returns is returned once the session is saved.
 * @param parts - What the program sees of a request: a cookie, for example.
 * @returns What `body` returns.
 * @throws RangeError for a setting that PHP does not have or a value that it refuses, and whatever
 *   `body`, a shutdown function or a save handler throws.
 * @example
 * const settings = { 'session.name': 'JOB' };
 * await withPhpRequest({ settings }, async () => {
 *   await session_start();
 *   return session_name();
 * }); // 'JOB'
 */
export async function withPhpRequest<Result, Name extends string>(
  options: PhpOptions<Name>,
  body: () => Result | Promise<Result>,
  parts?: RequestParts,
): Promise<Result> {
  const request = prepare(options)(parts);
  try {
    return await runRequest(request, body);
  } finally {
    try {
      await commitRequest(request, 'its program has ended');
    } finally {
      request.ended = 'its program has ended';
    }
  }
}

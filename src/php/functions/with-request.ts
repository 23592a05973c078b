/** A session without HTTP. */
import type { Awaitable } from '../awaitable.ts';
import type { PhpOptions } from '../session/options.ts';
import type { RequestParts } from '../session/request.ts';
import { commitRequest, prepare, runRequest } from '../session/run.ts';
import { throwFirst } from '../several-errors.ts';
import { functionsOf, isSessionFunction, type PhpSessionFunctions } from './bound.ts';

/** A job that runs with one options object has its settings checked once. */
const prepared = new WeakMap<PhpOptions, ReturnType<typeof prepare>>();

/**
 * Runs a program with a session but without HTTP: a test, a job, a command.
 *
 * @param options - PHP's behaviour: settings, version, who receives its messages. The settings are
 *   read once for each options object.
 * @param body - The program; its result is returned once the session is saved. It receives the
 *   request's own functions and `$_SESSION`, as {@link phpSessionOf} returns them; a function of PHP
 *   itself, such as `session_status`, is called without an argument.
 * @param parts - The request's input and head: a cookie, for example.
 * @returns The result of `body`.
 * @throws RangeError for an unknown option or setting or a value that PHP refuses, and whatever `body`, a
 *   shutdown function or a save handler throws. Of several errors the first is thrown, and the others
 *   are warnings of the process.
 * @example
 * const settings = { 'session.name': 'JOB' };
 * await withPhpRequest({ settings }, async () => {
 *   await session_start();
 *   return session_name();
 * }); // 'JOB'
 */
export async function withPhpRequest<Result, Name extends string>(
  options: PhpOptions<Name>,
  body: (php: PhpSessionFunctions) => Result | Promise<Result>,
  parts?: RequestParts,
): Promise<Result> {
  let open = prepared.get(options);
  if (open === undefined) {
    open = prepare(options);
    prepared.set(options, open);
  }
  const request = open(parts);
  const program = (): Awaitable<Result> =>
    isSessionFunction(body) ? (body as () => Awaitable<Result>)() : body(functionsOf(request));
  const errors: unknown[] = [];
  let result: Result | undefined;
  try {
    result = await runRequest(request, program);
  } catch (error) {
    errors.push(error);
  }
  try {
    await commitRequest(request, 'its program has ended');
  } catch (error) {
    errors.push(error);
  }
  request.ended = 'its program has ended';
  throwFirst(errors);
  return result as Result;
}

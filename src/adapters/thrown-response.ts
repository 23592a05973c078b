/** The answer of a Fetch handler, which is a Response that it returns, or one that it throws. */

/**
 * Whether a value is a Response, of Node or of a package such as undici. `Response.error()` does not
 * count: it has no status, and no server can send it.
 *
 * React Router, Remix and TanStack throw a redirect as a Response: it is an answer, not an error.
 */
export function isResponse(value: unknown): value is Response {
  return (
    Object.prototype.toString.call(value) === '[object Response]' &&
    (value as Response).type !== 'error'
  );
}

/**
 * Runs a handler and finishes its answer, also one that is thrown, which is then thrown on.
 *
 * @param handler - Answers a request.
 * @param finish - Returns the Response that leaves.
 * @throws The handler's error, or that of `finish`.
 */
export async function answerOf(
  handler: () => Response | Promise<Response>,
  finish: (response: Response) => Response | Promise<Response>,
): Promise<Response> {
  let response: Response;
  try {
    response = await handler();
  } catch (thrown) {
    throw isResponse(thrown) ? await finish(thrown) : thrown;
  }
  if (!isResponse(response)) throw new TypeError('The handler returned no Response');
  return await finish(response);
}

/**
 * The counter once more, without a table: iron-session keeps all of the session in the cookie.
 * Its password comes from SESSION_PASSWORD and has 32 letters or more.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { getIronSession } from 'iron-session';

/** A page that counts one visitor's visits, and remembers nothing. */
export async function counter(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const password = process.env['SESSION_PASSWORD'] ?? '';
  const session = await getIronSession<{ count?: number }>(request, response, {
    cookieName: '__Host-count',
    password,
  });
  session.count = (session.count ?? 0) + 1;
  await session.save();
  response.setHeader('Content-Type', 'text/html; charset=UTF-8');
  response.end(`<p>Count: ${session.count}</p>\n`);
}

/** The two functions of lesson 17 that pages call: the code is that of lesson 17's class. */
import type { IncomingMessage } from 'node:http';
import { $_SESSION, session_regenerate_id, session_unset } from '#php';

/** Whether a request may change something: it must come from our own pages. Call it first. */
export function Allows({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): boolean {
  if (['GET', 'HEAD', 'OPTIONS'].includes(method ?? 'GET')) return true;
  const { host, origin, 'sec-fetch-site': site } = headers;
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  // A program, or a browser from before 2020; on the loopback our pages may be plain http.
  if (origin === undefined || (host && origin === `https://${host}`)) return true;
  return /^(localhost|127\.0\.0\.1|\[::1\])(:|$)/.test(`${host}`) && origin === `http://${host}`;
}

/** Signs a user in: the session moves to a new id, and the old id ends. */
export async function Login(user: string): Promise<void> {
  if (!(await session_regenerate_id(true))) throw new Error('The session could not be renewed');
  if (($_SESSION['user'] ?? user) !== user) session_unset(); // What another user has left
  $_SESSION['user'] = user;
}

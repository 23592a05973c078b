/** The lab's two visitors, and everybody who visits from outside it. */

import type { Failure } from '../sandbox/report.ts';
import type { Exchange } from './exchange.ts';
import type { Sender } from './timeline.ts';

export type ClientName = 'you' | 'mallory';

/** Both clients, in the page's order. */
export const CLIENTS: readonly ClientName[] = ['you', 'mallory'];

/** One of the lab's two browsers: a cookie jar and the last page. */
export interface Client {
  name: ClientName;
  /** The value of the Cookie header it sends, `''` for none. */
  cookie: string;
  last: Exchange | undefined;
  /** Why there is no page, when the class could not answer. */
  failure: Failure | undefined;
  /** The last Set-Cookie lines this client was given, also by an earlier page. */
  setCookie: string[];
}

/** What the page calls a client. */
export const NAMES: Record<Sender, string> = { you: 'You', mallory: 'Mallory', outside: 'Outside' };

/** The user each client signs in as. */
export const USERS: Record<ClientName, string> = { you: 'ann', mallory: 'mallory' };

/** A client that has been nowhere yet. */
export function newClient(name: ClientName): Client {
  return { name, cookie: '', last: undefined, failure: undefined, setCookie: [] };
}

/** The lab's two clients, and requests from outside the lab. */
import type { Failure } from '../sandbox/report.ts';
import type { Exchange } from './exchange.ts';
import type { Sender } from './request-entry.ts';

export type ClientName = 'you' | 'mallory';

/** Both clients, in the page's order. */
export const CLIENTS: readonly ClientName[] = ['you', 'mallory'];

/** One of the lab's two browsers: a cookie jar and the last page. */
export interface Client {
  name: ClientName;
  /** The value of the Cookie header it sends, `''` for none. */
  cookie: string;
  last: Exchange | undefined;
  /** The reason for a missing page. */
  failure: Failure | undefined;
  /** The Set-Cookie lines of the last page that had any. */
  setCookie: string[];
}

/** The page's names for them. */
export const NAMES: Record<Sender, string> = { you: 'You', mallory: 'Mallory', outside: 'Outside' };

/** The user each client signs in as. */
export const USERS: Record<ClientName, string> = { you: 'ann', mallory: 'mallory' };

/** A client before its first request. */
export function newClient(name: ClientName): Client {
  return { name, cookie: '', last: undefined, failure: undefined, setCookie: [] };
}

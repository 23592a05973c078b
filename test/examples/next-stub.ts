/** Replaces Next's `next/headers` and `next/navigation` in a Server Function, for the quick start. */
import type { NextCookies } from '../../src/adapters/store/next.ts';
import { jarOf } from '../adapters/store/next-jar.ts';

let jar: NextCookies = jarOf(new Request('http://localhost/')).jar;

/** Begins a request of the browser. */
export function beginRequest(cookie: string): void {
  ({ jar } = jarOf(new Request('http://localhost/', { headers: { cookie } })));
}

/** The cookies of the request. */
export async function cookies(): Promise<NextCookies> {
  return jar;
}

/** Throws, as Next's does, to answer. */
export function redirect(place: string): never {
  throw Object.assign(new Error('NEXT_REDIRECT'), { digest: `NEXT_REDIRECT;push;${place};303;` });
}

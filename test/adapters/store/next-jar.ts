/** The object that Next's `cookies()` gives while a Server Function or a Route Handler runs. */
import type { CookieAttributes, NextCookies } from '../../../src/adapters/store/next.ts';

/**
 * The cookies of one request, as Next 16 keeps them: what was set is read in the same request, a
 * later value replaces an earlier one, and all of them join the response. Next writes the attributes
 * in another order.
 *
 * @param request - The request.
 * @returns The jar, and the Set-Cookie lines so far.
 */
export function jarOf(request: Request): { jar: NextCookies; lines: Iterable<string> } {
  const values = new Map<string, string>();
  const lines = new Map<string, string>();
  for (const pair of (request.headers.get('cookie') ?? '').split(/; */)) {
    const at = pair.indexOf('=');
    if (at > 0) values.set(pair.slice(0, at), decodeURIComponent(pair.slice(at + 1)));
  }
  const jar: NextCookies = {
    get(name) {
      const value = values.get(name);
      return value === undefined ? undefined : { value };
    },
    set(name, value, attributes) {
      values.set(name, value);
      lines.set(name, `${name}=${encodeURIComponent(value)}${written(attributes)}`);
    },
  };
  return { jar, lines: { [Symbol.iterator]: () => lines.values() } };
}

function written({ path, domain, secure, sameSite, maxAge }: CookieAttributes): string {
  const site = sameSite.replace(/^./, (first) => first.toUpperCase());
  return (
    `; Path=${path}${domain ? `; Domain=${domain}` : ''}; HttpOnly${secure ? '; Secure' : ''}` +
    `; SameSite=${site}${maxAge === undefined ? '' : `; Max-Age=${maxAge}`}`
  );
}

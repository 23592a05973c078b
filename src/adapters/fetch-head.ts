/** The head of a response that does not exist yet, for the adapters of Fetch handlers. */
import type { ResponseHead } from '../php/host.ts';
import { nameOf } from './page-head.ts';

/** The headers that the session sets, until there is a Response to carry them. */
export class FetchHead implements ResponseHead {
  readonly #headers = new Map<string, string | readonly string[]>();
  headersSent = false;
  /** The page's headers, if the session may read and replace them. */
  page: Headers | undefined;

  getHeader(name: string): string | readonly string[] | undefined {
    const own = this.#headers.get(name.toLowerCase());
    // The page's cookies are kept by applyTo().
    if (own !== undefined || name.toLowerCase() === 'set-cookie') return own;
    return this.page?.get(name) ?? undefined;
  }

  setHeader(name: string, value: string | readonly string[]): void {
    this.#headers.set(name.toLowerCase(), value);
  }

  removeHeader(name: string): void {
    this.#headers.delete(name.toLowerCase());
  }

  /** Headers of the page stay, unless `page` was set; the session's cookie joins the page's. */
  applyTo(response: Response): Response {
    this.headersSent = true;
    if (this.#headers.size === 0) return response;
    // Headers of a fetched or a redirecting Response cannot be changed.
    const changed = new Response(response.body, response);
    const own = changed.headers.getSetCookie();
    changed.headers.delete('set-cookie');
    for (const [name, value] of this.#headers) {
      if (name !== 'set-cookie' && changed.headers.has(name)) {
        if (this.page === undefined) continue;
        changed.headers.delete(name);
      }
      for (const each of typeof value === 'string' ? [value] : value) {
        changed.headers.append(name, each);
      }
    }
    const names = [this.#headers.get('set-cookie') ?? []].flat().map(nameOf);
    for (const line of own) {
      // Browsers keep the last of two cookies of one name; in PHP that is the page's.
      const isReplaced = this.page !== undefined && names.includes(nameOf(line));
      if (!isReplaced) changed.headers.append('set-cookie', line);
    }
    // Routers mark their responses with a property, such as the `options` of TanStack's redirect().
    for (const [name, value] of Object.entries(response)) {
      if (!(name in changed)) Object.assign(changed, { [name]: value });
    }
    return changed;
  }
}

/**
 * Returns a Response without the page's own cookies of one name.
 *
 * @param name - The name as `nameOf()` returns it.
 */
export function withoutCookie(response: Response, name: string | undefined): Response {
  const lines = response.headers.getSetCookie();
  const kept = lines.filter((line) => nameOf(line) !== name);
  if (kept.length === lines.length) return response;
  // A copy: headers of a fetched or a redirecting Response cannot be changed.
  const changed = new Response(response.body, response);
  changed.headers.delete('set-cookie');
  for (const line of kept) changed.headers.append('set-cookie', line);
  return changed;
}

/** A site with one page, the page's session, and the browser that visits it. */

/** A page's session, in no framework's words. */
export interface PageSession {
  /**
   * Reads a key.
   *
   * @param key - The key.
   * @returns The value; undefined for a key that is not there.
   */
  get(key: string): unknown;
  /**
   * Stores a key.
   *
   * @param key - The key.
   * @param value - A value that JSON can hold.
   */
  set(key: string, value: unknown): void;
  /**
   * Changes a key by a function, where the layer has that.
   *
   * @param key - The key.
   * @param change - Returns the new value, and may run again on another request's value.
   */
  readonly update?: ((key: string, change: (value: unknown) => unknown) => void) | undefined;
  /**
   * Logs a user in: a new id, and the key `user`.
   *
   * @param user - The value of the key `user`.
   * @returns Perhaps a promise, which the page awaits.
   */
  login(user: string): unknown;
  /**
   * Ends the session.
   *
   * @returns Perhaps a promise, which the page awaits.
   */
  destroy(): unknown;
}

/** A page's answer. */
export interface PageAnswer {
  /** The status of the response. @default 200 */
  readonly status?: number | undefined;
  /** The headers of the response, by name. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** A text, or pieces that are streamed one by one. */
  readonly body?: string | readonly string[] | undefined;
}

/**
 * A page: it may ask for its session, and answers.
 *
 * @param open - Returns the request's session.
 * @param path - The path of the request's URL.
 * @returns The answer.
 */
export type Page = (open: () => Promise<PageSession>, path: string) => Promise<PageAnswer>;

/** A save that is held back. */
export interface HeldSave {
  /** Ends when the save has arrived. */
  readonly arrived: Promise<unknown>;
  /** Lets the save go on. */
  release(): void;
}

/** A site on which the contract of an adapter is run. */
export interface SessionSite {
  /**
   * Serves a page on every path and method, until the tests are over. A page that throws is answered
   * with the status 500, where the site's users handle such errors.
   *
   * @param page - The page.
   * @returns The site's address, such as `http://127.0.0.1:8080`. Requests say by
   *   `X-Forwarded-Proto: https` that they came over TLS.
   */
  serve(page: Page): Promise<string>;
  /**
   * Serves a page as `serve()` does, on a store that cannot be reached.
   *
   * @param page - The page.
   * @returns The site's address.
   */
  readonly serveUnreachable?: ((page: Page) => Promise<string>) | undefined;
  /**
   * Holds the next save of the site's store back.
   *
   * @returns The save, to wait for and to release.
   */
  readonly holdSave?: (() => HeldSave | Promise<HeldSave>) | undefined;
  /** Returns how many writes the site's store has received. */
  readonly countWrites?: (() => number) | undefined;
}

/** A response as a browser sees it. */
export interface Seen {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The lines that set a cookie. */
  readonly lines: string[];
}

interface Asking {
  readonly signal?: AbortSignal;
  readonly onHead?: () => void;
}

/** A browser with a jar of cookies. */
export class Browser {
  readonly cookies: Map<string, string>;
  readonly #url: string;

  constructor(url: string, cookies: Iterable<readonly [string, string]> = []) {
    this.#url = url;
    this.cookies = new Map(cookies);
  }

  /** Another browser with the same cookies, such as a thief's or one from before. */
  copy(): Browser {
    return new Browser(this.#url, this.cookies);
  }

  /** Whether there is a cookie of the site's session; a page's own is called `theme`. */
  get hasSession(): boolean {
    return [...this.cookies.keys()].some((name) => name !== 'theme');
  }

  /**
   * Visits a path.
   *
   * @param signal - Ends the request early.
   * @param onHead - Called when the response's head is there.
   */
  async ask(path = '/', { signal, onHead }: Asking = {}): Promise<Seen> {
    const response = await fetch(this.#url + path, {
      headers: { cookie: this.#header(), 'x-forwarded-proto': 'https' },
      redirect: 'manual',
      signal: signal ?? null,
    });
    onHead?.();
    const lines = response.headers.getSetCookie();
    for (const line of lines) this.#keep(line);
    const { status, headers } = response;
    return { status, headers, text: await response.text(), lines };
  }

  #header(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  #keep(line: string): void {
    const [, name = '', value = ''] = /^([^=]*)=([^;]*)/.exec(line) ?? [];
    if (value === '' || isOver(line)) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}

function isOver(line: string): boolean {
  const age = /;\s*max-age=(-?\d+)/i.exec(line)?.[1];
  if (age !== undefined) return Number(age) <= 0;
  const end = /;\s*expires=([^;]+)/i.exec(line)?.[1];
  return end !== undefined && new Date(end).getTime() <= Date.now();
}

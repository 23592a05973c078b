/** The head that a page has decided by writeHead(), beside the headers that its session sets. */
import type { OutgoingHttpHeader, ServerResponse } from 'node:http';
import type { OriginalMethods } from './page-calls.ts';

/** Merges the headers of writeHead() into those that are set, and can undo it. */
export class PageHead {
  readonly #response: ServerResponse;
  readonly #original: OriginalMethods;
  /** The headers that writeHead() has set, with their values before. */
  #replaced: [name: string, value: OutgoingHttpHeader | undefined][] = [];
  /** The sessions' Set-Cookie lines, unless the page has removed them. */
  #cookies: readonly string[] = [];
  /** The status line as it was when the head was decided. */
  decided: readonly [status: number, message: string] | undefined;

  constructor(response: ServerResponse, original: OriginalMethods) {
    this.#response = response;
    this.#original = original;
  }

  /** A session has set its cookie, for the first time or anew. */
  noteCookie(line: string): void {
    this.#cookies = [line, ...this.#cookies.filter((each) => nameOf(each) !== nameOf(line))];
  }

  /** The page has removed all cookies. */
  dropCookies(): void {
    this.#cookies = [];
  }

  /** The page's own writeHead(), whose head is not yet decided. */
  decide(values: readonly unknown[]): void {
    const response = this.#response;
    const [status, message] = values;
    const headers = typeof message === 'string' ? values[2] : (values[2] ?? message);
    const code = Number(status) | 0;
    const isRefused = code < 100 || code > 999 || (Array.isArray(headers) && isOdd(headers));
    if (isRefused) {
      // Node's own error, before any header is set.
      this.#original.writeHead.apply(response, [...values]);
      return;
    }
    try {
      this.#merge(headers);
      this.#keepCookies();
      const line = typeof message === 'string' ? [status, message] : [status];
      this.#original.writeHead.apply(response, line);
    } catch (error) {
      this.withdraw();
      throw error;
    }
    this.decided = [response.statusCode, response.statusMessage];
  }

  /** Sets the headers that writeHead() was given; its cookies join those that are set. */
  #merge(headers: unknown): void {
    if (typeof headers !== 'object' || headers === null) return;
    const response = this.#response;
    const given = new Map<string, OutgoingHttpHeader>();
    for (const [name, value] of pairsOf(headers)) {
      if (!name) continue;
      const present = given.get(name.toLowerCase());
      if (present === undefined) this.#replaced.push([name, response.getHeader(name)]);
      const isCookie = isSetCookie(name);
      const before = present ?? (isCookie ? response.getHeader(name) : undefined);
      const all = [before ?? [], value].flat().map(String);
      // Fastify gives writeHead() the cookies that it has set before, if a stream fails.
      const joined = before === undefined ? value : isCookie ? [...new Set(all)] : all;
      // An undefined value is refused here, as by Node.
      response.setHeader(name, joined);
      given.set(name.toLowerCase(), joined);
    }
  }

  /** A list of cookies that the page has set in place of the sessions' keeps theirs. */
  #keepCookies(): void {
    if (this.#cookies.length === 0) return;
    const present = this.#response.getHeader('Set-Cookie');
    if (present === undefined) return;
    const lines = [present].flat().map(String);
    const names = new Set(lines.map(nameOf));
    const missing = this.#cookies.filter((each) => !names.has(nameOf(each)));
    if (missing.length > 0) this.#response.setHeader('Set-Cookie', [...missing, ...lines]);
  }

  /** Takes back what writeHead() has set. */
  withdraw(): void {
    for (const [name, before] of this.#replaced.reverse()) {
      if (before === undefined) this.#original.removeHeader.call(this.#response, name);
      else this.#response.setHeader(name, before);
    }
    this.#replaced = [];
  }
}

/** Whether a name is Set-Cookie, in any case. */
export function isSetCookie(name: unknown): boolean {
  return typeof name === 'string' && name.length === 10 && name.toLowerCase() === 'set-cookie';
}

/** The name of the cookie that a line sets. */
export function nameOf(line: string): string {
  return line.slice(0, line.indexOf('=') + 1);
}

function isOdd(headers: readonly unknown[]): boolean {
  return !Array.isArray(headers[0]) && headers.length % 2 !== 0;
}

function pairsOf(headers: object): [string, OutgoingHttpHeader][] {
  if (!Array.isArray(headers)) return Object.entries(headers);
  if (Array.isArray(headers[0])) return headers as [string, OutgoingHttpHeader][];
  return Array.from({ length: headers.length / 2 }, (_, at) => [
    headers[2 * at] as string,
    headers[2 * at + 1] as OutgoingHttpHeader,
  ]);
}

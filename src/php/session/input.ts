/** What PHP would have in `$_COOKIE`, `$_GET` and `$_POST` under one name. main/php_variables.c. */
import type { IncomingMessage } from 'node:http';
import { textOf } from '../zend/conversions.ts';
import type { RequestInput } from './request.ts';

/** php_raw_url_decode(), or with `+` as a blank php_url_decode(). */
function decode(text: string, plusIsBlank: boolean): string {
  const source = plusIsBlank ? text.replaceAll('+', ' ') : text;
  // A header's characters are its bytes.
  const latin1 = source.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return textOf(Buffer.from(latin1, 'latin1'));
}

interface Variable {
  readonly name: string;
  readonly isArray: boolean;
}

/** Browsers keep a promise for names that begin so, as they spell them. */
const PROMISING = ['__Host-', '__Secure-'];

/**
 * php_register_variable_ex(): blanks and dots become `_`, brackets make an array. A name that only
 * this gives a promise (`..Host-id`, CVE-2022-31629 and CVE-2024-2756) is the name of nothing.
 */
function variableOf(raw: string): Variable {
  const name = raw.replace(/^ +/, '');
  const bracket = name.indexOf('[');
  const isArray = bracket > 0 && name.includes(']', bracket);
  const plain = isArray ? name.slice(0, bracket) : name.replace('[', '_');
  const mangled = plain.replace(/[ .]/g, '_');
  const pretends = PROMISING.some((each) => mangled.startsWith(each) && !name.startsWith(each));
  return { name: pretends ? '' : mangled, isArray };
}

/** Finds a cookie: the first of a name counts, as browsers send the most specific first. */
function findCookie(header: string, wanted: string): string | false | undefined {
  let found: string | false | undefined;
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=');
    const { name, isArray } = variableOf((at < 0 ? pair : pair.slice(0, at)).trimStart());
    if (name !== wanted) continue;
    if (isArray) found = false;
    else found ??= at < 0 ? '' : decode(pair.slice(at + 1), false);
  }
  return found;
}

/** Finds a variable of a query or a form: the last of a name counts. */
function findPair(query: string, wanted: string): string | false | undefined {
  let found: string | false | undefined;
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const at = pair.indexOf('=');
    const { name, isArray } = variableOf(decode(at < 0 ? pair : pair.slice(0, at), true));
    if (name !== wanted) continue;
    found = isArray ? false : at < 0 ? '' : decode(pair.slice(at + 1), true);
  }
  return found;
}

/**
 * Reads what a session needs of an HTTP request.
 *
 * A form is what a body parser put into `request.body`, as Express does.
 *
 * @param request - The request.
 * @returns Its cookies, query, form and Referer, looked up when they are asked for.
 */
export function inputOf(request: IncomingMessage): RequestInput {
  return {
    cookie: (name) => findCookie(request.headers.cookie ?? '', name),
    query(name) {
      const url = request.url ?? '';
      const at = url.indexOf('?');
      return at < 0 ? undefined : findPair(url.slice(at + 1), name);
    },
    form(name) {
      const { body } = request as { body?: unknown };
      if (typeof body !== 'object' || body === null || !Object.hasOwn(body, name)) return undefined;
      const value = (body as Record<string, unknown>)[name];
      return typeof value === 'string' ? value : false;
    },
    referer: request.headers.referer,
  };
}

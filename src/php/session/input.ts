/** Reads the session's variable from a request as PHP fills `$_COOKIE`, `$_GET` and `$_POST`. main/php_variables.c. */
import { headerText, isAscii, textOf } from '../zend/conversions.ts';
import type { RequestInput } from './context.ts';

/** The parts of an HTTP request that may carry a session's id. */
export interface RequestSource {
  /** The Cookie header, one character for each byte (latin1), as Node and Fetch give it. */
  readonly cookie?: string | null | undefined;
  /** The request's target or URL; only what follows its `?` is read. */
  readonly url?: string | undefined;
  /**
   * Returns the fields of a form that a body parser has read, with the names that the client sent;
   * anything but an object is a request without a form. Called only where session.use_only_cookies is
   * off.
   */
  readonly form?: (() => unknown) | undefined;
  /** The Referer header. */
  readonly referer?: string | null | undefined;
}

/** max_input_vars: PHP ignores the variables that follow. */
const MAX_VARIABLES = 1000;

/** php_raw_url_decode(); with `+` as a blank, php_url_decode(). Characters are bytes, in and out. */
function decode(text: string, plusIsBlank: boolean): string {
  const source = plusIsBlank ? text.replaceAll('+', ' ') : text;
  if (!source.includes('%')) return source;
  return source.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function bytesToText(latin1: string): string {
  return isAscii(latin1) ? latin1 : textOf(Buffer.from(latin1, 'latin1'));
}

/** Browsers enforce extra rules for cookies with these prefixes. */
const PREFIXES = ['__Host-', '__Secure-'];

/** A name that PHP takes as it is. */
const PLAIN = /^[\w-]+$/;

interface Variable {
  /** `''` for a variable that PHP drops. */
  readonly name: string;
  readonly isArray: boolean;
}

/**
 * php_register_variable_ex(): the name ends at a NUL, blanks and dots become `_`, brackets make an
 * array. A name that only this mangling gives a prefix (`..Host-id`, CVE-2022-31629 and
 * CVE-2024-2756) is dropped.
 */
function variableOf(raw: string): Variable {
  if (PLAIN.test(raw)) return { name: raw, isArray: false };
  const nul = raw.indexOf('\0');
  const name = (nul < 0 ? raw : raw.slice(0, nul)).replace(/^ +/, '');
  const bracket = name.indexOf('[');
  if (bracket === 0) return { name: '', isArray: false };
  const isArray = bracket > 0 && name.includes(']', bracket);
  const plain = isArray ? name.slice(0, bracket) : name;
  const mangled = plain.replace(/[ .[]/g, '_');
  const pretends = PREFIXES.some((each) => mangled.startsWith(each) && !name.startsWith(each));
  return { name: pretends ? '' : mangled, isArray };
}

/** Of cookies with one name the first counts: browsers send the most specific path first. */
function findCookie(header: string, wanted: string): string | false | undefined {
  let found: string | false | undefined;
  let count = 0;
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=');
    // C's isspace(); trimStart() would also strip U+00A0, which is a byte of the name here.
    const raw = (at < 0 ? pair : pair.slice(0, at)).replace(/^[ \t\n\v\f\r]+/, '');
    if (raw === '') continue;
    count += 1;
    if (count > MAX_VARIABLES) break;
    const { name, isArray } = variableOf(raw);
    if (name !== wanted) continue;
    if (isArray) found = false;
    else found ??= at < 0 ? '' : bytesToText(decode(pair.slice(at + 1), false));
  }
  return found;
}

/** Of a query's variables with one name the last counts. */
function findInQuery(query: string, wanted: string): string | false | undefined {
  let found: string | false | undefined;
  let count = 0;
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    count += 1;
    if (count > MAX_VARIABLES) break;
    const at = pair.indexOf('=');
    const { name, isArray } = variableOf(decode(at < 0 ? pair : pair.slice(0, at), true));
    if (name !== wanted) continue;
    found = isArray ? false : at < 0 ? '' : bytesToText(decode(pair.slice(at + 1), true));
  }
  return found;
}

/** A parser has decoded the names, but not mangled them; a value that is not a string is an array. */
function findInForm(fields: unknown, wanted: string): string | false | undefined {
  if (typeof fields !== 'object' || fields === null) return undefined;
  let found: string | false | undefined;
  for (const [key, value] of Object.entries(fields)) {
    const { name, isArray } = variableOf(key);
    if (name === wanted) found = !isArray && typeof value === 'string' ? value : false;
  }
  return found;
}

/**
 * Reads the cookie, query and form variables that may carry a session's id, each when it is asked
 * for.
 *
 * @param source - The request's headers, URL and parsed form.
 * @returns The input of one PHP request.
 * @example
 * const input = inputOf({ cookie: 'PHPSESSID=abc; lang=en', url: '/?page=2' });
 * input.cookie('PHPSESSID'); // 'abc'
 * input.query('page'); // '2'
 * input.form('page'); // undefined
 */
export function inputOf(source: RequestSource): RequestInput {
  return new HttpInput(source);
}

class HttpInput implements RequestInput {
  readonly #source: RequestSource;

  constructor(source: RequestSource) {
    this.#source = source;
  }

  get referer(): string | undefined {
    return this.#source.referer ?? undefined;
  }

  // PHP's names of variables are bytes; a session's name is text.
  cookie(name: string): string | false | undefined {
    return findCookie(this.#source.cookie ?? '', headerText(name));
  }

  query(name: string): string | false | undefined {
    const { url = '' } = this.#source;
    const at = url.indexOf('?');
    return at < 0 ? undefined : findInQuery(url.slice(at + 1), headerText(name));
  }

  form(name: string): string | false | undefined {
    return findInForm(this.#source.form?.(), name);
  }
}

/**
 * The session's part of a response: the cookie (session.c L1390–1483) and the cache headers
 * (L1277–1386), on top of PHP's header list (main/SAPI.c).
 */
import { beforeNul, bytesOf, headerText } from '../zend/conversions.ts';
import { warnSent } from './caller.ts';
import type { ResponseHead, SessionContext } from './context.ts';

const LONG_AGO = 'Thu, 19 Nov 1981 08:52:00 GMT';
const WEEK_DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const MONTHS = [
  'Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec',
] as const; // biome-ignore format: a year on two lines

/** The calendar repeats after this many seconds: 400 years, whole weeks. */
const CYCLE = 12_622_780_800n;

type HeaderValue = ReturnType<ResponseHead['getHeader']>;

/** A header that the session writes. */
type Header = readonly [name: string, value: string];

/** A date, and its year: a long lifetime exceeds the range of JavaScript's dates. */
interface Moment {
  readonly date: Date;
  readonly year: bigint;
}

function momentOf(seconds: bigint): Moment {
  const rest = ((seconds % CYCLE) + CYCLE) % CYCLE;
  const date = new Date(Number(rest) * 1000);
  return { date, year: BigInt(date.getUTCFullYear()) + ((seconds - rest) / CYCLE) * 400n };
}

/** A date as HTTP writes it: `Sun, 22 Nov 2026 02:00:00 GMT`. */
function httpDate({ date, year }: Moment): string {
  const two = (number: number): string => String(number).padStart(2, '0');
  const day = WEEK_DAYS[date.getUTCDay()];
  const month = MONTHS[date.getUTCMonth()];
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(':');
  return `${day}, ${two(date.getUTCDate())} ${month} ${year} ${time} GMT`;
}

/** C's time_t. */
function unixTime(milliseconds: number): bigint {
  return BigInt(Math.floor(milliseconds / 1000));
}

const UNRESERVED = /^[A-Za-z0-9._-]*$/;

/** php_url_encode(): escapes all but ASCII letters, digits, `-`, `_`, `.`; a blank becomes `+`. */
function urlEncode(text: string): string {
  if (UNRESERVED.test(text)) return text;
  let encoded = '';
  for (const byte of bytesOf(text)) {
    const character = String.fromCharCode(byte);
    if (UNRESERVED.test(character)) encoded += character;
    else if (character === ' ') encoded += '+';
    else encoded += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

/** sapi_header_op() trims the end of a line before it checks it. */
function trimmed(value: string): string {
  const last = value.charCodeAt(value.length - 1);
  // A search for blanks at the end tries every blank of the line.
  return last <= 0x20 ? value.replace(/[ \t\n\v\f\r]+$/, '') : value;
}

/** Refuses, as sapi_header_op() does, a value that could begin a second header. */
function isRefused({ reporter }: SessionContext, value: string): boolean {
  if (/[\r\n]/.test(value)) {
    const text = 'Header may not contain more than a single header, new line detected';
    reporter.warn('E_WARNING', text, '');
    return true;
  }
  if (value.includes('\0')) {
    reporter.warn('E_WARNING', 'Header may not contain NUL bytes', '');
    return true;
  }
  return false;
}

/** sapi_add_header(…, replace = 1), for a value that needs none of the checks above. */
function replaceHeader(head: ResponseHead, [name, value]: Header): void {
  // PHP removes the old line and adds the new one at the end.
  if (head.getHeader(name) !== undefined) head.removeHeader(name);
  head.setHeader(name, value);
}

function inLowerCase(bytes: string): string {
  return bytes.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** php_session_remove_cookie(): from 8.5 on it ignores case, and overlooks a cookie without a value. */
function isReplaced(
  line: string,
  prefix: string,
  { version }: SessionContext['reporter'],
): boolean {
  if (version < '8.5') return line.startsWith(prefix);
  const start = line.slice(0, prefix.length);
  return line.length > prefix.length && inLowerCase(start) === inLowerCase(prefix);
}

/** sapi_add_header(…, replace = 0): other cookies keep their order. */
function replaceCookie(context: SessionContext, name: string, text: string): void {
  const { head, reporter } = context;
  const present = head.getHeader('Set-Cookie') as string | readonly string[] | undefined;
  const prefix = headerText(`${name}=`);
  const lines = [present ?? []].flat().filter((line) => !isReplaced(line, prefix, reporter));
  const line = trimmed(text);
  if (!isRefused(context, line)) lines.push(headerText(line));
  if (lines.length > 0) head.setHeader('Set-Cookie', lines);
  else head.removeHeader('Set-Cookie');
}

/**
 * Undoes sendCookie() after a start that failed.
 *
 * @param context - The request.
 * @param before - The lines of Set-Cookie before it.
 */
export function restoreCookies({ head }: SessionContext, before: HeaderValue): void {
  if (head.headersSent) return;
  if (before === undefined) head.removeHeader('Set-Cookie');
  else head.setHeader('Set-Cookie', typeof before === 'number' ? String(before) : before);
}

/**
 * Sets the session's cookie, replacing an earlier one (php_session_send_cookie()).
 *
 * @param context - The request.
 * @param id - The session's id.
 * @returns false when PHP refuses to.
 */
export function sendCookie(context: SessionContext, id: string): boolean {
  const { settings, reporter } = context;
  if (context.head.headersSent) {
    warnTooLate(context, 'Session cookie');
    return false;
  }
  const name = settings.get('name');
  const isPartitioned = settings.get('cookie_partitioned');
  if (reporter.version >= '8.5' && isPartitioned && !settings.get('cookie_secure')) {
    const text = 'Partitioned session cookie cannot be used without also configuring it as secure';
    reporter.warn('E_WARNING', text);
    return false;
  }
  // Up to 8.2 session.name itself accepts these characters.
  if (reporter.version < '8.3' && /[=,;.[ \t\r\n\v\f]/.test(name)) {
    const characters = "'=,;.[ \\t\\r\\n\\013\\014'";
    const text = `session.name cannot contain any of the following ${characters}`;
    reporter.warn('E_WARNING', text);
    return false;
  }
  replaceCookie(context, name, `${name}=${urlEncode(id)}${cookieAttributes(context)}`);
  return true;
}

function cookieAttributes({ settings, options }: SessionContext): string {
  let line = '';
  const lifetime = settings.exact('cookie_lifetime');
  // A sum beyond C's time_t is negative there, and the cookie a session cookie.
  const expires = lifetime && BigInt.asIntN(64, unixTime(options.clock()) + lifetime);
  if (lifetime > 0n && expires > 0n) {
    line += `; expires=${httpDate(momentOf(expires))}; Max-Age=${lifetime}`;
  }
  if (settings.get('cookie_path') !== '') line += `; path=${settings.get('cookie_path')}`;
  if (settings.get('cookie_domain') !== '') line += `; domain=${settings.get('cookie_domain')}`;
  if (settings.get('cookie_secure')) line += '; secure';
  if (settings.get('cookie_partitioned')) line += '; Partitioned';
  if (settings.get('cookie_httponly')) line += '; HttpOnly';
  const samesite = settings.get('cookie_samesite');
  return samesite === '' ? line : `${line}; SameSite=${samesite}`;
}

const NO_CACHE: readonly Header[] = [
  ['Expires', LONG_AGO],
  ['Cache-Control', 'no-store, no-cache, must-revalidate'],
  ['Pragma', 'no-cache'],
];

function lastModified(context: SessionContext): Header[] {
  const changed = context.lastModified();
  if (changed === undefined) return [];
  return [['Last-Modified', httpDate(momentOf(unixTime(changed)))]];
}

/** strcpy_gmt(), whose year is an int; nothing where gmtime_r() fails for that reason. */
function cacheDate(seconds: bigint): string {
  const { date, year } = momentOf(seconds);
  const since1900 = year - 1900n;
  if (BigInt.asIntN(32, since1900) !== since1900) return '';
  return httpDate({ date, year: BigInt.asIntN(32, year) });
}

/** Lists the headers of a cache limiter; none for an unknown name. */
function cacheHeaders(limiter: string, context: SessionContext): readonly Header[] {
  const maxAge = BigInt.asIntN(64, context.settings.exact('cache_expire') * 60n);
  switch (limiter) {
    case 'public':
      return [
        ['Expires', cacheDate(BigInt.asIntN(64, unixTime(context.options.clock()) + maxAge))],
        ['Cache-Control', `public, max-age=${maxAge}`],
        ...lastModified(context),
      ];
    case 'private':
      return [['Expires', LONG_AGO], ...cacheHeaders('private_no_expire', context)];
    case 'private_no_expire':
      return [['Cache-Control', `private, max-age=${maxAge}`], ...lastModified(context)];
    case 'nocache':
      return NO_CACHE;
    default:
      return [];
  }
}

/**
 * Sets the headers that session.cache_limiter names (php_session_cache_limiter()).
 *
 * @param context - The request.
 * @returns false when the headers have left; `warnLimiterTooLate()` has the words.
 */
export function sendCacheHeaders(context: SessionContext): boolean {
  const limiter = context.settings.get('cache_limiter');
  if (limiter === '') return true;
  if (context.head.headersSent) return false;
  const headers = cacheHeaders(beforeNul(limiter).toLowerCase(), context);
  for (const header of headers) replaceHeader(context.head, header);
  return true;
}

/**
 * Warns that the cache headers could not be set.
 *
 * @param context - The request.
 */
export function warnLimiterTooLate(context: SessionContext): void {
  warnTooLate(context, 'Session cache limiter');
}

function warnTooLate(context: SessionContext, subject: string): void {
  const { head, reporter } = context;
  const text = `${subject} cannot be sent after headers have already been sent`;
  const from = reporter.version < '8.5' ? head.sentFrom : undefined;
  warnSent(context, from ? `${text} (output started at ${from.file}:${from.line})` : text);
}

/** PHP's header list (main/SAPI.c) on top of a response that sends its own. */
import { bytesOf } from '../zend/conversions.ts';
import type { PhpRequest } from './request.ts';

/** Header values are bytes: Node sends each character of a header as one. */
function headerBytes(text: string): string {
  return bytesOf(text).toString('latin1');
}

/** What sapi_header_op() refuses: it could begin a second header. */
function isRefused(request: PhpRequest, value: string): boolean {
  if (/[\r\n]/.test(value)) {
    const text = 'Header may not contain more than a single header, new line detected';
    request.warn('E_WARNING', text, '');
    return true;
  }
  if (value.includes('\0')) {
    request.warn('E_WARNING', 'Header may not contain NUL bytes', '');
    return true;
  }
  return false;
}

/** sapi_header_op() cuts blanks and line ends off the end of a line before it looks at it. */
function trimmed(value: string): string {
  return value.replace(/[ \t\n\v\f\r]+$/, '');
}

/** sapi_add_header(…, replace = 1). */
export function replaceHeader(request: PhpRequest, name: string, text: string): void {
  const value = trimmed(text);
  if (isRefused(request, value)) return;
  // PHP takes the old line away and adds the new one at the end.
  request.head.removeHeader(name);
  request.head.setHeader(name, headerBytes(value));
}

/**
 * Takes away the cookie with this name, if the response sets one already.
 *
 * @returns The other cookies, in their order.
 */
function otherCookies(request: PhpRequest, name: string): string[] {
  const present = request.head.getHeader('Set-Cookie');
  const lines = present === undefined ? [] : Array.isArray(present) ? present : [String(present)];
  const prefix = headerBytes(`${name}=`);
  return (lines as string[]).filter((line) => !line.startsWith(prefix));
}

/** php_session_remove_cookie() and sapi_add_header(…, replace = 0), session.c L1390–1480. */
export function replaceCookie(request: PhpRequest, name: string, text: string): void {
  const line = trimmed(text);
  const lines = otherCookies(request, name);
  if (!isRefused(request, line)) lines.push(headerBytes(line));
  if (lines.length > 0) request.head.setHeader('Set-Cookie', lines);
  else request.head.removeHeader('Set-Cookie');
}

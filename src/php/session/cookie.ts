/** The Set-Cookie line. session.c L1412–1483, ext/standard/head.h. */
import { bytesOf } from '../zend/conversions.ts';
import { replaceCookie } from './headers.ts';
import type { PhpRequest } from './request.ts';

const WEEK_DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const MONTHS = [
  'Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec',
] as const; // biome-ignore format: a year on two lines

/** The calendar repeats itself after so many seconds: 400 years, whole weeks. */
const CYCLE = 12_622_780_800;

/**
 * A moment as HTTP writes it: `Sun, 22 Nov 2026 02:00:00 GMT`.
 *
 * @param seconds - Unix time; a lifetime may lead far beyond JavaScript's dates.
 * @returns The date.
 */
export function httpDate(seconds: number): string {
  const cycles = Math.floor(seconds / CYCLE);
  const date = new Date((seconds - cycles * CYCLE) * 1000);
  const two = (number: number): string => String(number).padStart(2, '0');
  const day = WEEK_DAYS[date.getUTCDay()];
  const month = MONTHS[date.getUTCMonth()];
  const year = date.getUTCFullYear() + cycles * 400;
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(':');
  return `${day}, ${two(date.getUTCDate())} ${month} ${year} ${time} GMT`;
}

/** php_url_encode(): everything but letters, digits, `-`, `_`, `.`; a blank becomes `+`. */
export function urlEncode(text: string): string {
  let encoded = '';
  for (const byte of bytesOf(text)) {
    const character = String.fromCharCode(byte);
    if (/[A-Za-z0-9._-]/.test(character)) encoded += character;
    else if (character === ' ') encoded += '+';
    else encoded += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

/**
 * Queues the session's cookie, in place of one that is queued already.
 *
 * @param request - The request.
 * @returns false when PHP refuses to.
 */
export function sendCookie(request: PhpRequest): boolean {
  const { settings, version } = request;
  if (request.head.headersSent) {
    const text = 'Session cookie cannot be sent after headers have already been sent';
    request.warnSent(text);
    return false;
  }
  const name = settings.get('name');
  if (version >= '8.5' && settings.get('cookie_partitioned') && !settings.get('cookie_secure')) {
    const text = 'Partitioned session cookie cannot be used without also configuring it as secure';
    request.warn('E_WARNING', text);
    return false;
  }
  // Until 8.2 nothing refused such a name before.
  if (version < '8.3' && /[=,;.[ \t\r\n\v\f]/.test(name)) {
    const characters = "'=,;.[ \\t\\r\\n\\013\\014'";
    request.warn('E_WARNING', `session.name cannot contain any of the following ${characters}`);
    return false;
  }
  let line = `${name}=${urlEncode(request.id ?? '')}`;
  const lifetime = settings.get('cookie_lifetime');
  if (lifetime > 0) {
    const expires = Math.floor(request.clock() / 1000) + lifetime;
    line += `; expires=${httpDate(expires)}; Max-Age=${lifetime}`;
  }
  if (settings.get('cookie_path') !== '') line += `; path=${settings.get('cookie_path')}`;
  if (settings.get('cookie_domain') !== '') line += `; domain=${settings.get('cookie_domain')}`;
  if (settings.get('cookie_secure')) line += '; secure';
  if (settings.get('cookie_partitioned')) line += '; Partitioned';
  if (settings.get('cookie_httponly')) line += '; HttpOnly';
  if (settings.get('cookie_samesite') !== '')
    line += `; SameSite=${settings.get('cookie_samesite')}`;
  replaceCookie(request, name, line);
  return true;
}

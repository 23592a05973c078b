/** The cache headers of a page that a session changes. session.c L1277–1386. */
import { beforeNul } from '../zend/conversions.ts';
import { httpDate } from './cookie.ts';
import { abortSession } from './finish.ts';
import { replaceHeader } from './headers.ts';
import { PHP_SESSION_ACTIVE, type PhpRequest } from './request.ts';

const LONG_AGO = 'Thu, 19 Nov 1981 08:52:00 GMT';

function lastModified(request: PhpRequest): void {
  // The SAPI has forgotten the script's path by the time the shutdown functions run.
  if (request.hasLeftMain) return;
  const changed = request.lastModified();
  if (changed === undefined) return;
  replaceHeader(request, 'Last-Modified', httpDate(Math.floor(changed / 1000)));
}

function maxAge(request: PhpRequest): number {
  return request.settings.get('cache_expire') * 60;
}

function privateNoExpire(request: PhpRequest): void {
  replaceHeader(request, 'Cache-Control', `private, max-age=${maxAge(request)}`);
  lastModified(request);
}

const LIMITERS: ReadonlyMap<string, (request: PhpRequest) => void> = new Map([
  [
    'public',
    (request) => {
      const now = Math.floor(request.clock() / 1000);
      replaceHeader(request, 'Expires', httpDate(now + maxAge(request)));
      replaceHeader(request, 'Cache-Control', `public, max-age=${maxAge(request)}`);
      lastModified(request);
    },
  ],
  [
    'private',
    (request) => {
      replaceHeader(request, 'Expires', LONG_AGO);
      privateNoExpire(request);
    },
  ],
  ['private_no_expire', privateNoExpire],
  [
    'nocache',
    (request) => {
      replaceHeader(request, 'Expires', LONG_AGO);
      replaceHeader(request, 'Cache-Control', 'no-store, no-cache, must-revalidate');
      replaceHeader(request, 'Pragma', 'no-cache');
    },
  ],
]);

/**
 * Queues the headers that session.cache_limiter names.
 *
 * @param request - The request, its session just started.
 * @returns false when the headers have left: the session is given up then.
 */
export async function limitCache(request: PhpRequest): Promise<boolean> {
  const limiter = request.settings.get('cache_limiter');
  if (limiter === '' || request.status !== PHP_SESSION_ACTIVE) return true;
  if (request.head.headersSent) {
    await abortSession(request);
    const text = 'Session cache limiter cannot be sent after headers have already been sent';
    const from = request.version < '8.5' ? request.head.sentFrom : undefined;
    request.warnSent(from ? `${text} (output started at ${from.file}:${from.line})` : text);
    return false;
  }
  LIMITERS.get(beforeNul(limiter).toLowerCase())?.(request);
  return true;
}

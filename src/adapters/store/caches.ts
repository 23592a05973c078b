/** Cache headers of a response that sets a session's cookie. */
import type { ResponseHead } from '../../php/host.ts';

/** `private="name"` is about one header only. */
const KEPT_FROM_SHARED_CACHES = /(?:^|[\s,])(?:no-store|private)\s*(?:,|$)/i;

/** Some caches obey these headers and ignore Cache-Control beside them (RFC 9213, and older names). */
const TARGETED = [
  'CDN-Cache-Control',
  'Cloudflare-CDN-Cache-Control',
  'Netlify-CDN-Cache-Control',
  'Vercel-CDN-Cache-Control',
  'Surrogate-Control',
] as const;

/** Keeps caches from giving a response with a cookie to others, whatever headers the page sets. */
export function keepFromCaches(head: Pick<ResponseHead, 'getHeader' | 'setHeader'>): void {
  const isOpen = (name: string): boolean => {
    const control = [head.getHeader(name) ?? []].flat().join();
    return !KEPT_FROM_SHARED_CACHES.test(control);
  };
  if (isOpen('Cache-Control')) head.setHeader('Cache-Control', 'no-store');
  for (const name of TARGETED) {
    if (head.getHeader(name) !== undefined && isOpen(name)) head.setHeader(name, 'no-store');
  }
}

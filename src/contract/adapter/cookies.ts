/** The cookie, and the page's own head. */
import assert from 'node:assert/strict';
import type { ContractCase } from '../case.ts';
import { Browser, type SessionSite } from './site.ts';
import { count } from './visits.ts';

/** The line of the session's cookie, as the first visit gets it. */
async function sessionLine(site: SessionSite): Promise<string> {
  const { lines } = await new Browser(await site.serve(count)).ask();
  assert.ok(lines[0], 'no cookie was set');
  return lines[0];
}

/** The cases. */
export const cookieCases: readonly ContractCase<SessionSite>[] = [
  {
    about: 'cookie',
    name: 'is HttpOnly, and SameSite Lax or Strict',
    level: 'required',
    why: 'A script on the page could read the id; another site could act as the visitor.',
    async run(site) {
      const line = await sessionLine(site);
      assert.match(line, /;\s*httponly/i, 'HttpOnly is missing');
      assert.match(line, /;\s*samesite=(lax|strict)/i, 'SameSite is missing');
    },
  },
  {
    about: 'cookie',
    name: 'is Secure over TLS',
    level: 'required',
    why: 'A request without TLS would show the id to the network.',
    async run(site) {
      assert.match(await sessionLine(site), /;\s*secure/i, 'Secure is missing');
    },
  },
  {
    about: 'cookie',
    name: 'has no lifetime of its own unless one is asked for',
    level: 'optional',
    why: 'The session ends with the browser, and its lifetime is decided by the server.',
    async run(site) {
      assert.doesNotMatch(await sessionLine(site), /;\s*(expires|max-age)=/i, 'it has a lifetime');
    },
  },
  {
    about: 'cookie',
    name: 'is not stored by caches in between',
    level: 'optional',
    why: 'A cache that stores a response with a cookie gives the session to the next visitor.',
    async run(site) {
      const { headers } = await new Browser(await site.serve(count)).ask();
      const control = headers.get('cache-control') ?? '';
      assert.match(control, /no-store|private/, 'Cache-Control does not say no-store or private');
    },
  },
  {
    about: 'cookie',
    name: "leaves the page's own cookies and headers alone",
    level: 'required',
    why: 'Both are in one head.',
    async run(site) {
      const url = await site.serve(async (open) => {
        (await open()).set('a', 1);
        return { headers: { 'Set-Cookie': 'theme=dark', 'X-Page': 'mine' }, body: 'page' };
      });
      const { lines, headers, text } = await new Browser(url).ask();
      assert.ok(lines.includes('theme=dark'), "the page's cookie is missing");
      assert.ok(lines.length > 1, "the session's cookie is missing");
      assert.deepEqual(
        [headers.get('x-page'), text],
        ['mine', 'page'],
        'the body of the page is different',
      );
    },
  },
];

/** A page that fails, and a store that cannot be reached. */
import assert from 'node:assert/strict';
import { type ContractCase, part } from '../case.ts';
import { Browser, type SessionSite } from './site.ts';
import { count, door } from './visits.ts';

/** The cases. */
export const outageCases: readonly ContractCase<SessionSite>[] = [
  {
    about: 'error',
    name: 'a page that throws is answered with an error, and keeps what it has stored',
    level: 'optional',
    why: 'A count of failed logins, or a logout before the error, would be undone by the error.',
    async run(site) {
      const url = await site.serve(async (open, path) => {
        const session = await open();
        if (path === '/') return { body: String(session.get('tries') ?? 0) };
        session.set('tries', Number(session.get('tries') ?? 0) + 1);
        if (path === '/throw') throw new Error('thrown by the page');
        return {};
      });
      const browser = new Browser(url);
      await browser.ask('/count');
      const { status } = await browser.ask('/throw');
      assert.ok(status >= 500, `it was answered with ${status}`);
      const { text } = await browser.ask();
      assert.equal(
        text,
        '2',
        `of two changes, the second by a page that threw, ${text} are stored`,
      );
    },
  },
  {
    about: 'outage',
    name: 'a visitor with a session gets an error, and keeps the cookie',
    level: 'required',
    why: 'An error that looks like "no session" logs everyone out at the first fault of the database.',
    needs: 'serveUnreachable',
    async run(site) {
      const serve = part(site.serveUnreachable, 'its store cannot fail');
      const [known, broken] = [new Browser(await site.serve(door)), await serve(door)];
      await known.ask('/in');
      const browser = new Browser(broken, known.cookies);
      const { status, text, lines } = await browser.ask();
      assert.ok(status >= 500, `it was answered with ${status}, as to ${text}`);
      assert.deepEqual(lines, [], 'a cookie was set');
    },
  },
  {
    about: 'outage',
    name: 'a session that cannot be saved is not confirmed',
    level: 'recommended',
    why: 'The order is confirmed, and not there.',
    needs: 'serveUnreachable',
    async run(site) {
      const serve = part(site.serveUnreachable, 'its store cannot fail');
      const { status } = await new Browser(await serve(count)).ask();
      assert.ok(status >= 500, `it was answered with ${status}`);
    },
  },
];

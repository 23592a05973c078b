/** Cases with one visitor: visits are counted, logins and logouts take effect. */
import assert from 'node:assert/strict';
import type { ContractCase } from '../case.ts';
import { part } from '../case.ts';
import { Browser, type Page, type SessionSite } from './site.ts';

/** Counts its visits, and shows the count. */
export const count: Page = async (open) => {
  const session = await open();
  const visits = Number(session.get('visits') ?? 0) + 1;
  session.set('visits', visits);
  return { body: String(visits) };
};

/** `/in` logs Ann in, `/out` out; every path shows who is there. */
export const door: Page = async (open, path) => {
  const session = await open();
  if (path === '/in') await session.login('Ann');
  if (path === '/note') session.set('note', 'kept');
  const user = String(session.get('user') ?? 'a guest');
  if (path === '/out') await session.destroy();
  return { body: user };
};

/** The cases. */
export const visitCases: readonly ContractCase<SessionSite>[] = [
  {
    about: 'visits',
    name: 'a session lasts from request to request',
    level: 'required',
    why: 'It is what a session is for.',
    async run(site) {
      const browser = new Browser(await site.serve(count));
      const seen = [await browser.ask(), await browser.ask(), await browser.ask('/another')];
      const texts = seen.map(({ text }) => text);
      assert.deepEqual(texts, ['1', '2', '3'], `three visits were counted as ${texts}`);
    },
  },
  {
    about: 'visits',
    name: 'two visitors have a session each',
    level: 'required',
    why: 'Anything else is a leak.',
    async run(site) {
      const url = await site.serve(door);
      const [ann, guest] = [new Browser(url), new Browser(url)];
      await Promise.all([ann.ask('/in'), guest.ask('/note')]);
      const texts = [(await ann.ask()).text, (await guest.ask()).text];
      assert.deepEqual(texts, ['Ann', 'a guest'], `Ann and a guest were ${texts.join(' and ')}`);
    },
  },
  {
    about: 'visits',
    name: 'a visitor for whom nothing is stored gets no cookie and no write',
    level: 'recommended',
    why: 'Crawlers and health checks would fill the table, and no page with a cookie is cached.',
    async run(site) {
      const url = await site.serve(async (open, path) => {
        if (path === '/read') (await open()).get('user');
        return { body: 'static' };
      });
      const before = site.countWrites?.() ?? 0;
      for (const path of ['/', '/read']) {
        const { lines } = await new Browser(url).ask(path);
        assert.deepEqual(lines, [], `${path} set a cookie`);
      }
      const writes = (site.countWrites?.() ?? 0) - before;
      assert.equal(writes, 0, `the store received ${writes} writes`);
    },
  },
  {
    about: 'visits',
    name: 'a page that only reads writes nothing',
    level: 'recommended',
    why: 'Most requests only read; a write for each is most of the load of a database.',
    needs: 'countWrites',
    async run(site) {
      const writes = part(site.countWrites, 'its writes cannot be counted');
      const browser = new Browser(await site.serve(door));
      await browser.ask('/in');
      const before = writes();
      for (let time = 0; time < 3; time += 1) await browser.ask();
      const more = writes() - before;
      assert.equal(more, 0, `three such pages led to ${more} writes`);
    },
  },
  {
    about: 'login',
    name: 'gives a new id, and the old one does not lead to the user',
    level: 'required',
    why: 'Someone who planted the id, or saw it, would be logged in as well.',
    async run(site) {
      const browser = new Browser(await site.serve(door));
      await browser.ask('/note');
      const planted = browser.copy();
      assert.ok(planted.hasSession, 'there was no cookie before the login');
      await browser.ask('/in');
      assert.notDeepEqual(browser.cookies, planted.cookies, 'the cookie is the same');
      assert.equal((await browser.ask()).text, 'Ann', 'the user is not logged in');
      assert.equal((await planted.ask()).text, 'a guest', 'the old cookie is logged in');
    },
  },
  {
    about: 'logout',
    name: 'ends the session: its cookie leads to nothing',
    level: 'required',
    why: 'A copy of the cookie, as on a shared computer, would still be logged in.',
    async run(site) {
      const browser = new Browser(await site.serve(door));
      await browser.ask('/in');
      const copy = browser.copy();
      await browser.ask('/out');
      assert.equal((await copy.ask()).text, 'a guest', 'the copy is logged in');
    },
  },
  {
    about: 'logout',
    name: 'tells the browser to delete the cookie',
    level: 'optional',
    why: 'Otherwise every later request asks the store for a session that does not exist.',
    async run(site) {
      const browser = new Browser(await site.serve(door));
      await browser.ask('/in');
      await browser.ask('/out');
      assert.equal(browser.hasSession, false, 'the browser keeps it');
    },
  },
  {
    about: 'logout',
    name: 'an id that was ended is not taken for a new session',
    level: 'required',
    why: 'An id that its former owner knows would become the next visitor’s.',
    async run(site) {
      const browser = new Browser(await site.serve(door));
      await browser.ask('/in');
      const old = browser.copy();
      await browser.ask('/out');
      const next = old.copy();
      await next.ask('/note');
      assert.notDeepEqual(next.cookies, old.cookies, 'the new session has the old id');
    },
  },
];

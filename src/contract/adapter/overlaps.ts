/** Requests that overlap, and responses that overtake their own save. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ContractCase, gate, part } from '../case.ts';
import { Browser, type Page, type PageAnswer, type SessionSite } from './site.ts';

/** Milliseconds in which a response that does not wait has left. */
const HEAD_START = 100;

/** Milliseconds after which a request has failed. */
const PATIENCE = 5000;

/** The cases. */
export const overlappingCases: readonly ContractCase<SessionSite>[] = [
  {
    about: 'save',
    name: 'a redirect does not leave before it',
    level: 'recommended',
    why: 'The browser asks for the next page, which reads the session as it was before.',
    needs: 'holdSave',
    run: (site) => requireWait(site, { status: 302, headers: { Location: '/next' } }),
  },
  {
    about: 'save',
    name: 'a stream does not begin before it',
    level: 'recommended',
    why: 'A head that has left cannot report that the save failed.',
    needs: 'holdSave',
    run: (site) => requireWait(site, { body: ['first piece, ', 'second piece'] }),
  },
  {
    about: 'overlap',
    name: '10 requests at once that store a key each all keep theirs',
    level: 'recommended',
    why: 'A page and its background requests run at once; the last save would undo the others.',
    async run(site) {
      const all = gate();
      let arrived = 0;
      const url = await site.serve(async (open, path) => {
        const session = await open();
        if (path === '/begin') session.set('begun', true);
        if (path.startsWith('/key')) {
          arrived += 1;
          if (arrived === 10) all.open();
          // A layer that locks lets them in one by one.
          await Promise.race([all.closed, sleep(HEAD_START)]);
          session.set(path, true);
        }
        const kept = Array.from({ length: 10 }, (_, at) => session.get(`/key${at}`));
        return { body: String(kept.filter(Boolean).length) };
      });
      const browser = new Browser(url);
      await browser.ask('/begin');
      await Promise.all(Array.from({ length: 10 }, (_, at) => browser.ask(`/key${at}`)));
      const { text } = await browser.ask();
      assert.equal(text, '10', `${text} of 10 keys are left`);
    },
  },
  {
    about: 'overlap',
    name: '20 requests at once that count are all counted',
    level: 'optional',
    why: 'A stock, a balance or a number of attempts must not be counted short.',
    needs: 'update',
    async run(site) {
      const url = await site.serve(async (open) => {
        const session = await open();
        session.update?.('n', (n) => Number(n ?? 0) + 1);
        return { body: session.update ? String(session.get('n')) : 'none' };
      });
      const browser = new Browser(url);
      const { text: first } = await browser.ask();
      part(first === 'none' ? undefined : first, 'it has no update by a function');
      await Promise.all(Array.from({ length: 20 }, () => browser.ask()));
      const { text } = await browser.ask();
      assert.equal(text, '22', `22 requests were counted as ${text}`);
    },
  },
  {
    about: 'logout',
    name: 'a slow page that began before it does not log in again',
    level: 'recommended',
    why: 'The page saves what it has read, with the user in it.',
    async run(site) {
      const [hasRead, isOut] = [gate(), gate()];
      const page: Page = async (open, path) => {
        const session = await open();
        if (path === '/in') await session.login('Ann');
        if (path === '/out') await session.destroy();
        if (path === '/slow') {
          hasRead.open();
          await isOut.closed;
          session.set('late', true);
        }
        return { body: path === '/out' ? '' : String(session.get('user') ?? 'a guest') };
      };
      const browser = new Browser(await site.serve(page));
      await browser.ask('/in');
      const [slow, copy] = [browser.copy(), browser.copy()];
      const late = slow.ask('/slow').catch(() => {});
      await hasRead.closed;
      // A layer that locks ends the session after the slow page: then there is nothing to prove.
      const out = browser.ask('/out');
      await Promise.race([out, sleep(PATIENCE / 2)]);
      isOut.open();
      await Promise.all([late, out]);
      for (const each of [copy, slow]) {
        assert.equal((await each.ask()).text, 'a guest', 'the user is logged in again');
      }
    },
  },
  {
    about: 'hang-up',
    name: 'a client that leaves holds up no later request of its session',
    level: 'recommended',
    why: 'Visitors click before a page is there; a lock or a connection that is left blocks them.',
    async run(site) {
      const [hasRead, hasLeft] = [gate(), gate()];
      const url = await site.serve(async (open, path) => {
        const session = await open();
        session.set('visits', Number(session.get('visits') ?? 0) + 1);
        if (path === '/slow') {
          hasRead.open();
          await hasLeft.closed;
        }
        return { body: 'page' };
      });
      const browser = new Browser(url);
      await browser.ask();
      const leaving = new AbortController();
      const left = browser.ask('/slow', { signal: leaving.signal }).catch(() => {});
      await hasRead.closed;
      leaving.abort();
      await left;
      // Time for the server to notice: the page then ends on a connection that is gone.
      await sleep(HEAD_START);
      hasLeft.open();
      const { status } = await browser.ask('/', { signal: AbortSignal.timeout(PATIENCE) });
      assert.equal(status, 200, `the next request was answered with ${status}`);
    },
  },
];

/** A response leaves only after its save, which is held back, has been released. */
async function requireWait(site: SessionSite, answer: PageAnswer): Promise<void> {
  const hold = part(site.holdSave, 'its saves cannot be held back');
  const url = await site.serve(async (open, path) => {
    const session = await open();
    if (path === '/change') session.set('user', 'Ann');
    return path === '/change' ? answer : { body: String(session.get('user')) };
  });
  const browser = new Browser(url);
  const save = await hold();
  const left = gate();
  let hasLeft = false;
  const onHead = (): void => {
    hasLeft = true;
    left.open();
  };
  const asked = browser.ask('/change', { onHead });
  try {
    await Promise.race([save.arrived, left.closed, asked]);
    await Promise.race([left.closed, sleep(HEAD_START)]);
    assert.equal(hasLeft, false, 'its head left while the save was under way');
  } finally {
    save.release();
    await asked.catch(() => {});
  }
  assert.equal((await browser.ask()).text, 'Ann', 'the change is not there afterwards');
}

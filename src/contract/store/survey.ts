/** All sessions at once, and what a thief of the database has. */
import assert from 'node:assert/strict';
import { type ContractCase, part } from '../case.ts';
import { Caller, type StoreSubject } from './subject.ts';

/** The cases. */
export const surveyCases: readonly ContractCase<StoreSubject>[] = [
  {
    about: 'all',
    name: 'returns the sessions that have not expired, each with its cookie',
    level: 'optional',
    why: 'For a list of who is there.',
    needs: 'all() and clear()',
    async run({ store }) {
      const caller = await threeOfThem(store);
      const all = await caller.all();
      const visitors = all.map((session) => session['visitor']).sort();
      assert.deepEqual(visitors, ['Ann', 'Bob'], `it returned ${visitors.join(', ')}`);
      for (const { cookie } of all) assert.equal(typeof cookie, 'object', 'without a cookie');
    },
  },
  {
    about: 'length',
    name: 'counts the sessions that have not expired',
    level: 'optional',
    why: 'For a figure of who is there.',
    needs: 'length() and clear()',
    async run({ store }) {
      const count = await (await threeOfThem(store)).length();
      assert.equal(count, 2, `2 sessions and an expired one are ${count}`);
    },
  },
  {
    about: 'clear',
    name: 'ends all sessions',
    level: 'optional',
    why: 'After a secret has leaked.',
    needs: 'clear()',
    async run({ store }) {
      const caller = new Caller(store);
      caller.require('clear');
      const ids = [await caller.add({}), await caller.add({})];
      await caller.clear();
      for (const id of ids) assert.equal(await caller.get(id), undefined, 'one is left');
    },
  },
  {
    about: 'storage',
    name: 'what is stored opens no session',
    level: 'optional',
    why: 'A backup, a log or an injection that only reads would log in as every visitor.',
    needs: 'stolen',
    async run({ store, stolen }) {
      const read = part(stolen, 'it keeps nothing outside its process');
      const id = await new Caller(store).add({ user: 'Ann' });
      assert.ok(!(await read()).includes(id), 'the id is stored as it is in the cookie');
    },
  },
];

/** Two sessions, one with an expiry and one without, and one that has expired. */
async function threeOfThem(store: StoreSubject['store']): Promise<Caller> {
  const caller = new Caller(store);
  caller.require('clear');
  await caller.clear();
  await caller.add({ visitor: 'Ann' });
  await caller.add({ visitor: 'Bob' }, null);
  await caller.add({ visitor: 'Mallory' }, -1000);
  return caller;
}

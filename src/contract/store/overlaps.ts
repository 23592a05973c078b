/** Requests of one visitor that overlap: nothing lost, nothing revived. */
import assert from 'node:assert/strict';
import type { ContractCase } from '../case.ts';
import { Caller, type StoreSubject } from './subject.ts';

/** The cases. */
export const overlapCases: readonly ContractCase<StoreSubject>[] = [
  {
    about: 'set',
    name: 'two requests that overlap and change different keys both keep theirs',
    level: 'recommended',
    why: 'A page and its background requests run at once; the last save would undo the others.',
    async run({ store }) {
      const caller = new Caller(store);
      const id = await caller.add({ user: 'Ann' });
      const [one, other] = [await caller.load(id), await caller.load(id)];
      one['cart'] = ['tea'];
      other['theme'] = 'dark';
      await caller.set(id, one);
      await caller.set(id, other);
      const both = { user: 'Ann', cart: ['tea'], theme: 'dark' };
      assert.deepEqual(await caller.values(id), both, 'the change of the first is lost');
    },
  },
  {
    about: 'set',
    name: 'a save that comes after the logout does not log in again',
    level: 'recommended',
    why: 'A slow page that began before the logout saves after it.',
    async run({ store }) {
      const caller = new Caller(store);
      const id = await caller.add({ user: 'Ann' });
      const slow = await caller.load(id);
      await caller.destroy(id);
      slow['late'] = true;
      await caller.set(id, slow).catch(() => {}); // An error is an honest answer, too.
      assert.equal(await caller.values(id), undefined, 'the session is there again');
    },
  },
  {
    about: 'touch',
    name: 'leaves the data alone that another request has saved meanwhile',
    level: 'recommended',
    why: 'A request that only reads would undo the change of one that writes.',
    needs: 'touch()',
    async run({ store }) {
      const caller = new Caller(store);
      caller.require('touch');
      const id = await caller.add({ cart: [] });
      const [reader, writer] = [await caller.load(id), await caller.load(id)];
      writer['cart'] = ['tea'];
      await caller.set(id, writer);
      await caller.touch(id, reader);
      assert.deepEqual(await caller.values(id), { cart: ['tea'] }, 'the change is lost');
    },
  },
];

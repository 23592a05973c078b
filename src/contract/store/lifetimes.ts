/** When a session ends, and what keeps it alive. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContractCase } from '../case.ts';
import { Caller, LONG, newId, type StoreSubject } from './subject.ts';

/** Milliseconds: long enough for a few round trips on a busy machine. */
const SHORT = 700;

/** The cases. */
export const lifetimeCases: readonly ContractCase<StoreSubject>[] = [
  {
    about: 'get',
    name: 'a session that has expired is not returned',
    level: 'required',
    why: 'The lifetime is the only end of a session whose visitor never logs out.',
    async run({ store }) {
      const caller = new Caller(store);
      const id = await caller.add({ user: 'Ann' }, -1000);
      assert.equal(await caller.values(id), undefined, 'it was returned a second after its end');
    },
  },
  {
    about: 'get',
    name: 'a session whose cookie has no expiry is kept',
    level: 'required',
    why: 'A cookie without an expiry, the default, lives as long as the browser.',
    async run({ store }) {
      const caller = new Caller(store);
      const id = await caller.add({ user: 'Ann' }, null);
      assert.deepEqual(await caller.values(id), { user: 'Ann' }, 'it is gone');
    },
  },
  {
    about: 'get',
    name: "a session ends at its cookie's expiry, and not up to a second earlier or later",
    level: 'optional',
    why: "express-session's own tests use lifetimes of milliseconds, and a short one is a promise too.",
    async run({ store }) {
      const caller = new Caller(store);
      const id = newId();
      const session = caller.session(id, { user: 'Ann' }, SHORT);
      const { expires } = session.cookie;
      await caller.set(id, session);
      const [found, now] = [await caller.values(id), Date.now()];
      const end = new Date(expires ?? 0).getTime();
      if (now < end) assert.deepEqual(found, { user: 'Ann' }, 'it ended too early');
      await sleep(Math.max(0, end + 5 - Date.now()));
      assert.equal(await caller.values(id), undefined, 'it was still there 5 ms after its end');
    },
  },
  {
    about: 'touch',
    name: 'extends the life of a session',
    level: 'recommended',
    why: 'A visitor who reads for an hour and changes nothing would be logged out.',
    needs: 'touch()',
    async run({ store }) {
      const caller = new Caller(store);
      caller.require('touch');
      // Whole seconds, so that a store that counts in them has its chance.
      const id = await caller.add({ user: 'Ann' }, 2000);
      const session = await caller.load(id);
      session.cookie.originalMaxAge = LONG;
      session.cookie.expires = new Date(Date.now() + LONG);
      await caller.touch(id, session);
      await sleep(2100);
      assert.deepEqual(await caller.values(id), { user: 'Ann' }, 'it ended as if it was not used');
    },
  },
  {
    about: 'touch',
    name: 'creates nothing: neither for an unknown id nor after a logout',
    level: 'recommended',
    why: 'express-session touches at the end of a request; the logout may have come in between.',
    needs: 'touch()',
    async run({ store }) {
      const caller = new Caller(store);
      caller.require('touch');
      const unknown = newId();
      await caller.touch(unknown, caller.session(unknown, { user: 'Ann' }));
      assert.equal(await caller.values(unknown), undefined, 'an unknown id was created');
      const id = await caller.add({ user: 'Ann' });
      const session = await caller.load(id);
      await caller.destroy(id);
      await caller.touch(id, session);
      assert.equal(await caller.values(id), undefined, 'it was revived after its logout');
    },
  },
];

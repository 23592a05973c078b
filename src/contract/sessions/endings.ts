/** Renewal, logout, revocation, close: nothing comes back. */
import assert from 'node:assert/strict';
import type { ContractCase } from '../case.ts';
import { add, bytes, find, requireOverlap, type SessionsSubject, stored } from './subject.ts';

/** The cases. */
export const endingCases: readonly ContractCase<SessionsSubject>[] = [
  {
    about: 'destroy',
    name: 'ends the session for all, and says whether it was there',
    level: 'required',
    why: 'It is the logout.',
    async run(subject) {
      const [one, other] = [subject.open(), subject.open()];
      const id = await add(one, { n: 0 });
      const session = await find(one, id);
      assert.equal(await session.destroy(), true);
      assert.equal(await session.destroy(), false);
      await session.close();
      assert.equal(await stored(other, id), undefined, 'it is still there');
    },
  },
  {
    about: 'destroy',
    name: 'a later save answers that the session is gone, and does not revive it',
    level: 'required',
    why: 'A slow page that began before the logout saves after it.',
    needs: 'overlap',
    async run(subject) {
      const [one, other] = [subject.open(), subject.open()];
      requireOverlap(one);
      const id = await add(one, { user: 'Ann' });
      await using slow = await find(one, id);
      await using logout = await find(other, id);
      await logout.destroy();
      assert.equal(await slow.save(bytes({ user: 'Ann', late: true })), 'gone');
      assert.equal(await slow.touch(), false, 'touch() says that it was there');
      assert.equal(await stored(one, id), undefined, 'it was revived');
    },
  },
  {
    about: 'renew',
    name: 'the new id opens the session, and requests under way still find it by the old one',
    level: 'required',
    why: 'A renewal must not log out the tabs that have just asked for something.',
    async run(subject) {
      const [one, other] = [subject.open(), subject.open()];
      const id = await add(one, { n: 0 });
      const session = await find(one, id);
      const renewed = await session.renew();
      assert.ok(renewed !== undefined && renewed !== id, 'there is no new id');
      assert.equal(await session.save(bytes({ n: 1 })), 'saved');
      await session.close();
      for (const [at, each] of [id, renewed].entries()) {
        await using found = await find(other, each);
        assert.deepEqual(found.data, bytes({ n: at + 1 }));
        assert.equal(await found.save(bytes({ n: at + 2 })), 'saved');
      }
    },
  },
  {
    about: 'renew',
    name: "after a login the old id does not lead to the user's session",
    level: 'required',
    why: 'Someone who planted the id, or saw it, would be logged in as well.',
    async run(subject) {
      const sessions = subject.open();
      const id = await add(sessions, { cart: ['tea'] });
      const session = await find(sessions, id);
      const renewed = await session.renew({ user: 'Ann', data: bytes({ secret: 1 }) });
      await session.close();
      await using old = await sessions.open(id);
      assert.notEqual(old?.state, 'alive', 'the old id opens a session that can be changed');
      assert.equal(old?.user, undefined, 'the old id leads to the user');
      assert.ok(!old?.data.includes('secret'), "the old id leads to the user's data");
      await using found = await find(sessions, String(renewed));
      assert.equal(found.user, 'Ann');
    },
  },
  {
    about: 'users',
    name: "a user's sessions are listed without ids, and all but one are ended",
    level: 'required',
    why: 'A list on a screen must not sign anyone in; after a new password the others must go.',
    async run(subject) {
      const sessions = subject.open();
      const user = sessions.newId();
      const ids = [await add(sessions, {}, user), await add(sessions, {}, user)] as const;
      const list = await sessions.of(user).list();
      assert.equal(list.length, 2, `${list.length} of 2 are listed`);
      for (const id of ids) assert.ok(!JSON.stringify(list).includes(id), 'an id is in the list');
      const own = await find(sessions, ids[0]);
      await own.close();
      await sessions.of(user).revokeOthers(own);
      assert.deepEqual(await stored(sessions, ids[0]), {}, 'its own session is gone');
      assert.equal(await stored(sessions, ids[1]), undefined, 'the other one is still there');
      await sessions.of(user).revokeAll();
      assert.equal(await stored(sessions, ids[0]), undefined, 'one is left');
    },
  },
  {
    about: 'close',
    name: 'may be called twice, and later calls say that the session is closed',
    level: 'required',
    why: 'A save without its lock would be a lost write of another request.',
    async run(subject) {
      const sessions = subject.open();
      const id = await add(sessions, { n: 0 });
      const session = await find(sessions, id);
      await session.close();
      await session.close();
      for (const run of [() => session.save(bytes({})), () => session.touch()]) {
        await assert.rejects(run, { name: 'SessionClosed' });
      }
      await (await find(sessions, id)).close();
    },
  },
];

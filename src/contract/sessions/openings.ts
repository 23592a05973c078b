/** Cases of `open()` and `create()`: the sessions they find, the ids they accept and make. */
import assert from 'node:assert/strict';
import type { ContractCase } from '../case.ts';
import { part } from '../case.ts';
import { add, bytes, find, requireWaiting, type SessionsSubject, stored } from './subject.ts';

/** The cases. */
export const openingCases: readonly ContractCase<SessionsSubject>[] = [
  {
    about: 'open',
    name: 'an id that was never given out opens nothing',
    level: 'required',
    why: 'An id comes from the browser; one that is adopted was chosen by someone else.',
    async run(subject) {
      const sessions = subject.open();
      const ids = [sessions.newId(), '', 'x', "' OR 1=1", '\0'.repeat(43), 'a'.repeat(1e6)];
      for (const id of [...ids, undefined]) {
        assert.equal(await sessions.open(id), undefined, 'it opened a session');
      }
      await using started = await sessions.start(sessions.newId());
      assert.equal(started.isNew, true, 'start() adopted it');
    },
  },
  {
    about: 'open',
    name: 'finds in one process what another has created, byte for byte',
    level: 'required',
    why: 'Sites have more than one process.',
    async run(subject) {
      const [one, other] = [subject.open(), subject.open()];
      const value = { text: 'Ärger, 東京, 😀, \u0000', large: 'é'.repeat(100_000), list: [{}] };
      const id = await add(one, value);
      await using session = await find(other, id);
      // From Node 22 on, deepEqual() needs gigabytes to draw the difference of two long buffers.
      assert.ok(session.data.equals(bytes(value)), 'the bytes are different');
      assert.equal(session.state, 'alive');
    },
  },
  {
    about: 'open',
    name: "with mode: 'read' waits for no other request, and refuses to write",
    level: 'required',
    why: 'A page that only shows something must not wait for one that works.',
    async run(subject) {
      const sessions = subject.open();
      const id = await add(sessions, { n: 1 });
      await using _writer = await find(sessions, id);
      const reader = await sessions.open(id, { mode: 'read' });
      assert.deepEqual(reader?.data, bytes({ n: 1 }));
      const writable = reader as unknown as { save(data: Buffer): Promise<unknown> };
      await assert.rejects(writable.save(bytes({ n: 2 })), { name: 'SessionClosed' });
    },
  },
  {
    about: 'open',
    name: 'a strategy that locks lets the second request in when the first has closed',
    level: 'required',
    why: 'It is what the lock is for: the second request must read what the first has saved.',
    needs: 'waiting',
    async run(subject) {
      const [one, other] = [subject.open(), subject.open()];
      requireWaiting(one);
      const id = await add(one, { n: 0 });
      const first = await find(one, id);
      let isOpen = false;
      const waiting = find(other, id).then((session) => {
        isOpen = true;
        return session;
      });
      // A reader does not wait, and its round trips give the second request time to go wrong.
      for (let time = 0; time < 20; time += 1) await stored(other, id);
      assert.equal(isOpen, false, 'it did not wait');
      await first.save(bytes({ n: 1 }));
      await first.close();
      await using second = await waiting;
      assert.deepEqual(second.data, bytes({ n: 1 }), 'it read what was there before');
    },
  },
  {
    about: 'open',
    name: 'a database that cannot be reached is SessionUnavailable, never "no session"',
    level: 'required',
    why: 'Everyone would be logged out at the first fault, and their sessions overwritten.',
    needs: 'unreachable',
    async run(subject) {
      const sessions = part(subject.unreachable, 'its database cannot fail')();
      const id = sessions.newId();
      for (const run of [
        () => sessions.open(id),
        () => sessions.open(id, { mode: 'read' }),
        () => sessions.start(id),
        () => sessions.create(id, bytes({})),
        () => sessions.of('Ann').list(),
      ]) {
        await assert.rejects(run, (error: Error & { code?: unknown }) => {
          assert.equal(error.name, 'SessionUnavailable');
          assert.equal(error.code, undefined, 'session layers take some codes for "no session"');
          assert.ok(!String(error.stack).includes(id), 'the id is in it');
          return true;
        });
      }
    },
  },
  {
    about: 'create',
    name: 'cannot overwrite a session',
    level: 'required',
    why: 'An id that is drawn twice must not give one visitor the session of another.',
    async run(subject) {
      const sessions = subject.open();
      const id = await add(sessions, { n: 1 });
      await assert.rejects(sessions.create(id, bytes({ n: 2 })), { name: 'SessionConflict' });
      assert.deepEqual(await stored(sessions, id), { n: 1 }, 'it was overwritten');
    },
  },
];

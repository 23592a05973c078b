/** A stored session comes back, whole and unmixed. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContractCase } from '../case.ts';
import { Caller, newId, type StoreSubject } from './subject.ts';

/** More than a TEXT or BLOB column holds. */
const LARGE = 1_000_000;

/** Values of JSON that a store, a column or a character set may damage. */
const VALUES = {
  text: 'Ärger, Київ, 東京, 😀, \u0000, \u2028, \\, \', ", `, %',
  numbers: [0, -1, 1.5, 1e21, Number.MAX_SAFE_INTEGER],
  others: [true, false, null, '', [], {}],
  nested: { list: [{ deep: ['er'] }] },
  '': 'a key without a name',
  'a.b$c': 'a key with signs',
};

/** The cases. */
export const valueCases: readonly ContractCase<StoreSubject>[] = [
  {
    about: 'get',
    name: 'finds nothing under an unknown id, without an error',
    level: 'required',
    why: 'A visitor with an old cookie would see an error page instead of a new session.',
    async run({ store }) {
      const found = await new Caller(store).get(newId());
      assert.equal(found, undefined, 'it returned a session');
    },
  },
  {
    about: 'get',
    name: 'returns what set() was given, with the cookie',
    level: 'required',
    why: 'Session layers rebuild the cookie from the stored one and fail without it.',
    async run({ store }) {
      const caller = new Caller(store);
      const id = await caller.add(VALUES);
      assert.deepEqual(await caller.values(id), VALUES, 'the values are different');
      const found = await caller.get(id);
      assert.equal(typeof found?.cookie, 'object', 'the cookie is missing');
    },
  },
  {
    about: 'get',
    name: 'returns a copy: a change to it is not stored without set()',
    level: 'required',
    why: 'A page that fails half way would leave its half in the session.',
    async run({ store }) {
      const caller = new Caller(store);
      const id = await caller.add({ cart: ['tea'] });
      const found = await caller.load(id);
      (found['cart'] as string[]).push('coffee');
      assert.deepEqual(await caller.values(id), { cart: ['tea'] }, 'the change was stored');
    },
  },
  {
    about: 'set',
    name: 'stores a copy: a later change of the object is not stored',
    level: 'required',
    why: 'Two requests of one session would share an object, and each would see half of the other.',
    async run({ store }) {
      const caller = new Caller(store);
      const id = newId();
      const session = caller.session(id, { cart: ['tea'] });
      await caller.set(id, session);
      (session['cart'] as string[]).push('coffee');
      assert.deepEqual(await caller.values(id), { cart: ['tea'] }, 'the change was stored');
    },
  },
  {
    about: 'set',
    name: 'replaces what was stored: a key that was removed is gone',
    level: 'required',
    why: 'A page that deletes the user from the session would not have logged out.',
    async run({ store }) {
      const caller = new Caller(store);
      const id = await caller.add({ user: 'Ann', cart: [] });
      const session = await caller.load(id);
      Reflect.deleteProperty(session, 'user');
      session['cart'] = ['tea'];
      await caller.set(id, session);
      assert.deepEqual(await caller.values(id), { cart: ['tea'] }, 'the old values are left');
    },
  },
  {
    about: 'set',
    name: 'a key named __proto__ reaches no prototype',
    level: 'required',
    why: 'A visitor who sends JSON that is stored would give every object of the process a property.',
    async run({ store }) {
      const caller = new Caller(store);
      const hostile = '{"__proto__":{"isAdmin":true},"form":{"__proto__":{"isAdmin":true}}}';
      const id = newId();
      const session = caller.session(id, {});
      for (const [key, value] of Object.entries(JSON.parse(hostile) as object)) {
        Object.defineProperty(session, key, { value, enumerable: true, configurable: true });
      }
      await caller.set(id, session);
      const found = await caller.load(id);
      const form = (found['form'] ?? {}) as Record<string, unknown>;
      for (const object of [{}, found, form] as Record<string, unknown>[]) {
        assert.equal(object['isAdmin'], undefined, 'the prototype was changed');
      }
    },
  },
  {
    about: 'set',
    name: `${LARGE / 1_000_000} MB comes back whole, or set() reports an error`,
    level: 'required',
    why: 'A payload that is cut is a session that cannot be read any more.',
    async run({ store }) {
      const caller = new Caller(store);
      const large = 'é'.repeat(LARGE / 2);
      const id = newId();
      try {
        await caller.add({ large }, undefined, id);
      } catch {
        return;
      }
      assert.equal((await caller.values(id))?.['large'] === large, true, 'it came back damaged');
    },
  },
  {
    about: 'set',
    name: '50 new sessions at once are all stored, each with its own data',
    level: 'required',
    why: 'A site has more than one visitor.',
    async run({ store }) {
      const caller = new Caller(store);
      const ids = await Promise.all(
        Array.from({ length: 50 }, (_, visitor) => caller.add({ visitor })),
      );
      const found = await Promise.all(ids.map((id) => caller.values(id)));
      assert.deepEqual(
        found.map((values) => values?.['visitor']),
        [...ids.keys()],
        'some sessions have the data of others',
      );
    },
  },
  {
    about: 'destroy',
    name: 'a destroyed session is not found, and others are left alone',
    level: 'required',
    why: 'It is the logout.',
    async run({ store }) {
      const caller = new Caller(store);
      const [id, other] = [await caller.add({ user: 'Ann' }), await caller.add({ user: 'Bob' })];
      await caller.destroy(id);
      assert.equal(await caller.values(id), undefined, 'it is still there');
      assert.deepEqual(await caller.values(other), { user: 'Bob' }, 'another one is gone, too');
    },
  },
  {
    about: 'destroy',
    name: 'an unknown id is no error',
    level: 'required',
    why: 'Two tabs log out at once.',
    async run({ store }) {
      await new Caller(store).destroy(newId());
    },
  },
  {
    about: 'destroy',
    name: 'works without a callback',
    level: 'required',
    why: '`request.session.destroy()` passes on the callback that it was given, or none.',
    async run({ store }) {
      const caller = new Caller(store);
      const id = await caller.add({ user: 'Ann' });
      caller.methods.destroy(id);
      for (let time = 0; (await caller.get(id)) && time < 100; time += 1) await sleep(10);
      assert.equal(await caller.values(id), undefined, 'it is still there after a second');
    },
  },
  {
    about: 'regenerate',
    name: 'the old id leads to nothing, and the request has a new session',
    level: 'required',
    why: 'It is the defence against an id that was planted before the login.',
    needs: 'regenerate()',
    async run({ store }) {
      const caller = new Caller(store);
      caller.require('regenerate');
      const old = await caller.add({ user: 'Ann' });
      const request = { sessionID: old, sessionStore: store } as Record<string, unknown>;
      // A session layer assigns this at its start; a store keeps it.
      caller.methods.generate = (given) => {
        const id = newId();
        Object.assign(given, { sessionID: id, session: caller.session(id, { isNew: true }) });
      };
      await new Promise<void>((resolve, reject) => {
        const done = (error?: unknown): void => (error ? reject(error) : resolve());
        caller.methods.regenerate?.(request, done);
      });
      assert.equal(await caller.values(old), undefined, 'the old session is still there');
      assert.notEqual(request['sessionID'], old, 'the request has the old id');
      const { isNew } = request['session'] as { isNew?: boolean };
      assert.equal(isNew, true, 'the request has no new session');
    },
  },
];

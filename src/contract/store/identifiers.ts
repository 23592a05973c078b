/** An id is a secret: exact bytes, never a pattern, never cut. */
import assert from 'node:assert/strict';
import type { ContractCase } from '../case.ts';
import { Caller, newId, type StoreSubject } from './subject.ts';

/** The cases. */
export const identifierCases: readonly ContractCase<StoreSubject>[] = [
  {
    about: 'ids',
    name: 'quotes, wildcards, backslashes and a NUL open nothing, and break nothing',
    level: 'required',
    why: 'The id comes from the browser. As a pattern or as SQL it opens the sessions of others.',
    async run({ store }) {
      const caller = new Caller(store);
      const known = await caller.add({ user: 'Ann' });
      const hostile = ["' OR '1'='1", '%', '_'.repeat(known.length), `${known}\0`, '\\', '*'];
      for (const id of hostile) {
        assert.equal(await caller.values(id), undefined, `${JSON.stringify(id)} opened a session`);
      }
      for (const name of ['__proto__', 'constructor', 'toString']) {
        assert.equal(await caller.values(name), undefined, `${name} opened a session`);
      }
      await caller.destroy("' OR '1'='1");
      await caller.destroy('%');
      assert.deepEqual(await caller.values(known), { user: 'Ann' }, 'it destroyed another session');
    },
  },
  {
    about: 'ids',
    name: 'long ids that differ at their end are two sessions, or an error',
    level: 'required',
    why: 'A column that cuts ids gives one visitor the session of another.',
    async run({ store }) {
      const caller = new Caller(store);
      const start = newId().padEnd(300, 'x');
      const ids = [`${start}1`, `${start}2`];
      for (const [at, id] of ids.entries()) {
        try {
          await caller.add({ visitor: at }, undefined, id);
        } catch {
          return;
        }
      }
      for (const [at, id] of ids.entries()) {
        assert.equal(
          (await caller.values(id))?.['visitor'],
          at,
          'one id has the data of the other',
        );
      }
    },
  },
  {
    about: 'ids',
    name: 'case, accents and a space at the end count',
    level: 'recommended',
    why: 'A table that compares ids as words accepts more ids than were given out.',
    async run({ store }) {
      const caller = new Caller(store);
      const id = `aE${newId()}`;
      await caller.add({ user: 'Ann' }, undefined, id);
      for (const [kind, other] of [
        ['another case', id.replace('aE', 'Ae')],
        ['an accent', id.replace('aE', 'aÉ')],
        ['a space at its end', `${id} `],
      ] as const) {
        assert.equal(await caller.values(other), undefined, `an id with ${kind} opened it`);
      }
    },
  },
];

/** Saves: nothing lost, nothing doubled. */
import assert from 'node:assert/strict';
import type { ContractCase } from '../case.ts';
import { add, bytes, find, requireOverlap, type SessionsSubject, stored } from './subject.ts';

/** The cases. */
export const savingCases: readonly ContractCase<SessionsSubject>[] = [
  {
    about: 'save',
    name: 'what it has saved is there, the last one of two',
    level: 'required',
    why: 'It is what a store is for.',
    async run(subject) {
      const [one, other] = [subject.open(), subject.open()];
      const id = await add(one, { n: 0 });
      await using session = await find(one, id);
      for (const n of [1, 2]) assert.equal(await session.save(bytes({ n })), 'saved');
      await session.close();
      assert.deepEqual(await stored(other, id), { n: 2 });
    },
  },
  {
    about: 'save',
    name: '40 requests of two processes that count are all counted',
    level: 'required',
    why: 'A stock, a balance or a number of attempts must not be counted short.',
    async run(subject) {
      const stores = [subject.open(), subject.open()] as const;
      const id = await add(stores[0], { n: 0 });
      const countOnce = async (_: unknown, at: number): Promise<void> => {
        await using session = await stores[at % 2 === 0 ? 0 : 1].start(id);
        session.update('n', (n) => Number(n ?? 0) + 1);
        await session.save();
      };
      await Promise.all(Array.from({ length: 40 }, countOnce));
      assert.deepEqual(await stored(stores[0], id), { n: 40 });
    },
  },
  {
    about: 'save',
    name: '20 requests of two processes that store a key each all keep theirs',
    level: 'required',
    why: 'A page and its background requests run at once.',
    async run(subject) {
      const stores = [subject.open(), subject.open()] as const;
      const id = await add(stores[0], {});
      const store = async (_: unknown, at: number): Promise<void> => {
        await using session = await stores[at % 2 === 0 ? 0 : 1].start(id);
        session.data[`key${at}`] = at;
        await session.save();
      };
      await Promise.all(Array.from({ length: 20 }, store));
      const kept = Object.keys((await stored(stores[0], id)) as object);
      assert.equal(kept.length, 20, `${kept.length} of 20 keys are left`);
    },
  },
  {
    about: 'save',
    name: 'merges with what another request has saved to other keys, and says so',
    level: 'required',
    why: 'The page may show the merged data, and must know that it is not its own alone.',
    needs: 'overlap',
    async run(subject) {
      const [one, other] = [subject.open(), subject.open()];
      requireOverlap(one);
      const id = await add(one, { both: 0 });
      await using first = await find(one, id);
      await using second = await find(other, id);
      assert.equal(await first.save(bytes({ both: 0, first: 1 })), 'saved');
      assert.equal(await second.save(bytes({ both: 0, second: 2 })), 'merged');
      assert.deepEqual(JSON.parse(second.data.toString()), { both: 0, first: 1, second: 2 });
    },
  },
  {
    about: 'save',
    name: 'a key named __proto__ is data, and reaches no prototype',
    level: 'required',
    why: 'A visitor who sends JSON that is stored would give every object of the process a property.',
    async run(subject) {
      const sessions = subject.open();
      const hostile = Buffer.from('{"__proto__":{"isAdmin":true},"n":0}');
      const id = sessions.newId();
      await (await sessions.create(id, hostile)).close();
      await using session = await sessions.start(id);
      session.update('n', (n) => Number(n) + 1);
      await session.save();
      for (const object of [{}, session.data] as Record<string, unknown>[]) {
        assert.equal(object['isAdmin'], undefined, 'the prototype was changed');
      }
    },
  },
];

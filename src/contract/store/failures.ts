/** Callbacks, and a database that cannot be reached. */
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { call, collectStray, countCalls, type Done } from '../callbacks.ts';
import { type ContractCase, part } from '../case.ts';
import { Caller, newId, type StoreSubject } from './subject.ts';

/** The cases. */
export const failureCases: readonly ContractCase<StoreSubject>[] = [
  {
    about: 'callbacks',
    name: 'each is called once, after the method has returned',
    level: 'required',
    why: 'A second call answers a request twice; a call before the return surprises every caller.',
    async run({ store }) {
      const caller = new Caller(store);
      const { methods } = caller;
      const id = newId();
      const session = caller.session(id, { user: 'Ann' });
      const runs: [string, (done: Done<unknown>) => unknown][] = [
        ['set', (done) => methods.set(id, session, done)],
        ['get', (done) => methods.get(id, done)],
        ['destroy', (done) => methods.destroy(id, done)],
      ];
      for (const [name, run] of runs) {
        let [calls, early] = [0, 0];
        await call((done) => {
          run((error, value) => {
            calls += 1;
            done(error, value);
          });
          early = calls;
        });
        assert.equal(early, 0, `${name}() called back before it returned`);
        await caller.get(newId());
        assert.equal(calls, 1, `${name}() called back ${calls} times`);
      }
    },
  },
  {
    about: 'callbacks',
    name: 'one that throws is not called a second time',
    level: 'recommended',
    why: "An error of a page would come back as the store's, and the page would run twice.",
    async run({ store }) {
      const caller = new Caller(store);
      const id = await caller.add({ user: 'Ann' });
      const { methods } = caller;
      const session = caller.session(newId(), {});
      const runs: [string, (done: Done<never>) => unknown][] = [
        ['get', (done) => methods.get(id, done as Done<unknown>)],
        ['set', (done) => methods.set(newId(), session, done as Done<unknown>)],
        ['destroy', (done) => methods.destroy(id, done as Done<unknown>)],
      ];
      for (const [name, run] of runs) {
        const calls = await countCalls(run);
        assert.equal(calls, 1, `${name}() called back ${calls} times`);
      }
    },
  },
  {
    about: 'failures',
    name: 'a database that cannot be reached is an error within 10 s, never an empty session',
    level: 'required',
    why: 'An error that looks like "no session" logs everyone out, and their sessions are overwritten.',
    needs: 'unreachable',
    async run(subject) {
      for (const [name, { value, error }] of await quietFailures(subject)) {
        assert.ok(error, `${name}() reports no error, and returns ${inspect(value)}`);
        assert.doesNotMatch(String(error), /callback was not called/, `${name}() never ended`);
      }
    },
  },
  {
    about: 'failures',
    name: 'an error is reported by the callback, and not thrown into the process as well',
    level: 'required',
    why: 'Node ends a process whose promise is rejected unheard, and all its requests with it.',
    needs: 'unreachable',
    async run(subject) {
      let seen: [string, Outcome][] = [];
      const stray = await collectStray(async () => {
        seen = await failures(subject);
      });
      if (seen.length === 0) throw stray[0];
      assert.deepEqual(stray.map(String), [], `${stray.length} rejections were left unhandled`);
    },
  },
  {
    about: 'failures',
    name: 'its errors do not have the code ENOENT',
    level: 'recommended',
    why: 'express-session and @fastify/session take ENOENT for "no session": a MySQL socket that is missing logs everyone out.',
    needs: 'unreachable',
    async run(subject) {
      for (const [name, { error }] of await quietFailures(subject)) {
        const { code } = (error ?? {}) as { code?: unknown };
        assert.notEqual(code, 'ENOENT', `the error of ${name}() has the code ENOENT`);
      }
    },
  },
  {
    about: 'failures',
    name: 'its errors have neither the id nor the data in them',
    level: 'recommended',
    why: 'Errors are logged, and logs are read by people who must not log in as others.',
    needs: 'unreachable',
    async run(subject) {
      for (const [name, { error }] of await quietFailures(subject)) {
        const shown = inspect(error, { depth: 10, maxStringLength: null });
        assert.ok(!shown.includes(ID), `an error of ${name}() has the id in it`);
        assert.ok(!shown.includes(SECRET), `an error of ${name}() has the data in it`);
      }
    },
  },
];

const [ID, SECRET] = [newId(), newId()];

interface Outcome {
  value?: unknown;
  error?: unknown;
}

/** The end of each method on a database that cannot be reached. */
async function failures({ unreachable }: StoreSubject): Promise<[string, Outcome][]> {
  const open = part(unreachable, 'it has no database that could fail');
  const caller = new Caller(await open());
  const session = caller.session(ID, { secret: SECRET });
  const runs: [string, () => Promise<unknown>][] = [
    ['get', () => caller.get(ID)],
    ['set', () => caller.set(ID, session)],
    ['destroy', () => caller.destroy(ID)],
  ];
  return await Promise.all(
    runs.map(async ([name, run]): Promise<[string, Outcome]> => {
      try {
        return [name, { value: await run() }];
      } catch (error) {
        return [name, { error }];
      }
    }),
  );
}

/** As `failures()`, but for what reaches the process, which a case of its own tests. */
async function quietFailures(subject: StoreSubject): Promise<[string, Outcome][]> {
  let seen: [string, Outcome][] | undefined;
  const [error] = await collectStray(async () => {
    seen = await failures(subject);
  });
  if (seen === undefined) throw error;
  return seen;
}

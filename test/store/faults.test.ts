/**
 * The server is killed, stopped, full or read-only while sessions are written. A ledger compares what
 * was acknowledged with what is there: each acknowledged update once, each other one at most once.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SessionError, SessionUnavailable } from '../../src/store/errors.ts';
import type { Strategy } from '../../src/store/options.ts';
import type { Sessions } from '../../src/store/store.ts';
import { ask, serverProcess, until } from '../workshop/machine/place.ts';

// A server of this file's own, since it is killed.
delete process.env['WORKSHOP_DATABASE'];
const { atEnd, json, newSession, newStore, poolOf, schema, stored, storeOn } = await import(
  './fixture.ts'
);

/** Updates of several sessions by several writers, and what became of each. */
class Ledger {
  readonly acknowledged = new Map<string, string[]>();
  readonly errors: unknown[] = [];
  readonly #stores: readonly Sessions[];
  readonly #ids: readonly string[];
  #isOver = false;
  #writers: Promise<unknown>;
  /** The longest time that one update took. */
  longest = 0;

  private constructor(stores: readonly Sessions[], ids: readonly string[], writers: number) {
    this.#stores = stores;
    this.#ids = ids;
    for (const id of ids) this.acknowledged.set(id, []);
    this.#writers = Promise.all(Array.from({ length: writers }, (_, at) => this.#write(at)));
  }

  static async begin(strategy: Strategy, writers: number, timeout: number = 6): Promise<Ledger> {
    const options = { strategy, timeout, statementTimeout: 0.5, lockTimeout: 5 };
    const stores = [newStore(options), newStore(options)];
    const ids: string[] = [];
    for (let at = 0; at < 6; at += 1) ids.push(await newSession(stores[0] as Sessions, { n: [] }));
    return new Ledger(stores, ids, writers);
  }

  get count(): number {
    return [...this.acknowledged.values()].flat().length;
  }

  async #write(writer: number): Promise<void> {
    const sessions = this.#stores[writer % 2] as Sessions;
    for (let turn = 0; !this.#isOver; turn += 1) {
      const id = this.#ids[(writer + turn) % this.#ids.length] as string;
      const mark = `${writer}-${turn}`;
      const began = performance.now();
      try {
        await using session = (await sessions.start(id)) as unknown as Awaited<
          ReturnType<Sessions<{ n: string[] }>['start']>
        >;
        assert.ok(!session.isNew, 'an error became an empty session');
        session.update('n', (marks = []) => [...marks, mark]);
        assert.notEqual(await session.save(), 'gone');
        this.acknowledged.get(id)?.push(mark);
      } catch (error) {
        this.errors.push(error);
      }
      this.longest = Math.max(this.longest, performance.now() - began);
    }
  }

  /** Ends the writers, and compares. */
  async close(): Promise<void> {
    this.#isOver = true;
    await this.#writers;
    const reader = newStore();
    let lost = 0;
    let doubled = 0;
    for (const [id, marks] of this.acknowledged) {
      const { n } = (await stored(reader, id)) as { n: string[] };
      const there = new Set(n);
      doubled += n.length - there.size;
      lost += marks.filter((mark) => !there.has(mark)).length;
    }
    assert.deepEqual({ lost, doubled }, { lost: 0, doubled: 0 });
    for (const error of this.errors) {
      assert.ok(error instanceof SessionError, String(error));
      assert.equal('code' in error, false);
    }
  }
}

async function reaches(ledger: Ledger, more: number): Promise<void> {
  const goal = ledger.count + more;
  await until(() => ledger.count >= goal);
}

for (const strategy of ['merge', 'lock', 'lease'] as const) {
  test(`${strategy}: the server is killed under load and comes back: nothing lost, nothing doubled`, async () => {
    const ledger = await Ledger.begin(strategy, 12);
    await reaches(ledger, 60);
    process.kill(await serverProcess(schema.url), 'SIGKILL');
    await reaches(ledger, 60);
    await ledger.close();
  });
}

test('the server is stopped and continues: every call ends in its time, and nothing is lost', async () => {
  const ledger = await Ledger.begin('merge', 8, 1);
  await reaches(ledger, 40);
  const pid = await serverProcess(schema.url);
  process.kill(pid, 'SIGSTOP');
  await until(() => ledger.errors.length >= 8);
  process.kill(pid, 'SIGCONT');
  await reaches(ledger, 40);
  await ledger.close();
  assert.ok(ledger.errors.every((error) => error instanceof SessionUnavailable));
  // One update is two calls.
  assert.ok(ledger.longest < 2 * 1000 + 1000, `${ledger.longest} ms`);
});

test('a server without a free connection is waited for, or is SessionUnavailable', async () => {
  const sessions = newStore({ timeout: 0.3 });
  const id = await newSession(sessions, { n: 1 });
  const [row] = await ask(schema.url, 'SELECT @@max_connections AS most');
  const [busy] = await ask(schema.url, "SHOW STATUS LIKE 'Threads_connected'");
  await ask(schema.url, `SET GLOBAL max_connections=${Number(busy?.['Value']) + 8}`);
  atEnd(() => ask(schema.url, `SET GLOBAL max_connections=${row?.['most']}`));
  const others = poolOf(schema.url, { connectionLimit: 40 });
  const taken = [];
  for (;;) {
    const connection = await others.getConnection().catch(() => undefined);
    if (connection === undefined) break;
    taken.push(connection);
  }
  const late = storeOn(poolOf(schema.url), { timeout: 0.2 });
  await assert.rejects(late.open(id), SessionUnavailable);
  const patient = storeOn(poolOf(schema.url), { timeout: 20 });
  const opening = patient.open(id);
  for (const connection of taken) connection.destroy();
  assert.deepEqual((await opening)?.data, json({ n: 1 }));
  await ask(schema.url, `SET GLOBAL max_connections=${row?.['most']}`);
});

test('a read-only server refuses saves in bounded time, still reads, and saves again afterwards', async () => {
  const address = new URL(schema.url);
  await ask(schema.url, "CREATE USER IF NOT EXISTS plain@'%' IDENTIFIED BY 'plain'");
  await ask(
    schema.url,
    `GRANT SELECT, INSERT, UPDATE, DELETE ON ${address.pathname.slice(1)}.* TO plain@'%'`,
  );
  address.username = 'plain';
  address.password = 'plain';
  const sessions = storeOn(poolOf(address.href), { timeout: 0.3 });
  const id = await newSession(sessions, { n: 1 });
  const session = await sessions.open(id);
  await ask(schema.url, 'SET GLOBAL read_only=1');
  try {
    await assert.rejects(session?.save(json({ n: 2 })) ?? assert.fail(), SessionUnavailable);
    assert.deepEqual(await stored(sessions, id), { n: 1 });
  } finally {
    await ask(schema.url, 'SET GLOBAL read_only=0');
  }
  assert.equal(await session?.save(json({ n: 2 })), 'saved');
});

/** The server is killed, stopped, full or read-only while sessions are written. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { SessionUnavailable } from '../../../src/store/errors.ts';
import type { Strategy } from '../../../src/store/options.ts';
import { ask, serverProcess, until } from '../../workshop/machine/place.ts';
import { Ledger } from './ledger.ts';

// A server of this file's own, since it is killed: no import above may have asked for one.
const shared = process.env['WORKSHOP_DATABASE'];
delete process.env['WORKSHOP_DATABASE'];
const { atEnd, json, newSession, newStore, poolOf, schema, stored, storeOn } = await import(
  '../fixture.ts'
);
const isShared = shared !== undefined && new URL(shared).host === new URL(schema.url).host;
if (isShared) throw new Error('The server of all tests would be killed');

/** Readers hold nothing, whatever the strategy of the writers is: the strategy `none`. */
async function begin(strategy: Strategy, writers: number, timeout: number = 30): Promise<Ledger> {
  const options = { strategy, timeout, statementTimeout: 0.5, lockTimeout: 5 };
  const stores = [newStore(options), newStore(options)];
  return await Ledger.begin({ stores, writers, readers: 2, renewEvery: 7 });
}

for (const strategy of ['merge', 'lock', 'lease', 'row'] as const) {
  test(`${strategy}: the server is killed under load and comes back: nothing lost, doubled or revived`, async () => {
    const ledger = await begin(strategy, 12);
    await ledger.reaches(60);
    const logouts = [ledger.logOut(0, 'destroy'), ledger.logOut(1, 'revokeAll')];
    process.kill(await serverProcess(schema.url), 'SIGKILL');
    await Promise.all(logouts);
    await ledger.reaches(60);
    await Promise.all([ledger.logOut(2, 'destroy'), ledger.logOut(3, 'revokeAll')]);
    await ledger.reaches(20);
    await ledger.close(newStore());
  });
}

test('the server is stopped and continues: every call ends in its time, and nothing is lost', async () => {
  const ledger = await begin('merge', 8, 2);
  await ledger.reaches(40);
  const pid = await serverProcess(schema.url);
  process.kill(pid, 'SIGSTOP');
  await until(() => ledger.errors.length >= 8);
  process.kill(pid, 'SIGCONT');
  await ledger.reaches(40);
  await ledger.close(newStore());
  assert.ok(ledger.errors.every((error) => error instanceof SessionUnavailable));
  // One update is two calls.
  assert.ok(ledger.longest < 2 * 2000 + 2000, `${ledger.longest} ms`);
});

test('a server without a free connection is waited for, or is SessionUnavailable', async () => {
  const id = await newSession(newStore(), { n: 1 });
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
  const sessions = storeOn(poolOf(address.href), { timeout: 4 });
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

test('a server that ends because a file cannot grow is waited for, and nothing acknowledged is lost', async () => {
  const sessions = newStore({ statementTimeout: 5, timeout: 30 });
  const pid = await serverProcess(schema.url);
  const most = 24 * 2 ** 20;
  execFileSync('prlimit', ['--pid', String(pid), `--fsize=${most}:unlimited`]);
  const ids: string[] = [];
  const data = json({ large: 'x'.repeat(2 ** 20) });
  while ((await serverProcess(schema.url)) === pid) {
    const id = sessions.newId();
    await (await sessions.create(id, data)).close();
    ids.push(id);
  }
  assert.ok(ids.length > 1);
  for (const id of ids) assert.ok((await sessions.open(id, { mode: 'read' }))?.data.equals(data));
});

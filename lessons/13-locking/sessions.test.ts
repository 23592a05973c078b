import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Gate, openBench, type PageResponse } from '#bench';

const { database, gate, serve, statements } = await openBench();
const { Sessions } = await import('#sessions');
// From the lesson on that seals ids, two processes need the same password.
process.env['SESSION_PASSWORDS'] ??= JSON.stringify({
  1: 'for the tests of locking, and no other',
});
const quiet = { settings: { 'session.gc_probability': '0' } };
const sweeping = { settings: { 'session.gc_probability': '1', 'session.gc_divisor': '1' } };
const [server, sweeper] = await Promise.all([serve(quiet), serve(sweeping)]);
after(() => Promise.all([server.close(), sweeper.close()]));

const saving = /^\s*(INSERT|UPDATE|REPLACE)/i;
const count = ({ body }: PageResponse): number => Number(/Count: (\d+)/.exec(body)?.[1]);

/** Runs a check while a request of the session is stopped at the statement that saves. */
async function whileSaving(
  cookie: string,
  check: (saves: Gate, first: Promise<PageResponse>) => Promise<void>,
): Promise<void> {
  const saves = gate(1, saving, { opens: 'by hand', patience: 8000 });
  const first = server.request({ cookie });
  await saves.arrived;
  try {
    await check(saves, first);
  } finally {
    saves.open();
    await first;
  }
}

/** Runs a check while requests wait no longer than so many seconds. */
async function withMaxWait(seconds: number, check: () => Promise<void>): Promise<void> {
  const before = (Sessions as { MaxWait?: number }).MaxWait;
  Object.assign(Sessions, { MaxWait: seconds });
  try {
    await check();
  } finally {
    Object.assign(Sessions, { MaxWait: before });
  }
}

test('eight requests at once add eight', async () => {
  const { cookie } = await server.request();
  const pages = await Promise.all(Array.from({ length: 8 }, () => server.request({ cookie })));
  assert.deepEqual(
    pages.map(count).sort((one, another) => one - another),
    [2, 3, 4, 5, 6, 7, 8, 9],
  );
});

test('a request waits for the one before it, in another process as well', async () => {
  const { cookie } = await server.request();
  const starting = serve({ ...quiet, apart: true });
  for (const where of ['same process', 'other process']) {
    const page = where === 'same process' ? server : await starting;
    let second: Promise<PageResponse> | undefined;
    await whileSaving(cookie, async () => {
      second = page.request({ cookie });
      const hasWaited = await database.lockWaits(1, second);
      assert.equal(hasWaited, true, `a request in the ${where} did not wait for the first`);
    });
    assert.equal((await second)?.status, 200);
  }
  await (await starting).close();
});

test('a request does not wait for another session', async () => {
  const { cookie } = await server.request();
  await whileSaving(cookie, () =>
    withMaxWait(2, async () => {
      const { status, body } = await server.request();
      assert.equal(status, 200, 'a new visitor waited for the session of another, in vain');
      assert.match(body, /Count: 1\b/);
    }),
  );
});

test('a session whose holder has lost its connection is free again', async () => {
  const { cookie } = await server.request();
  await whileSaving(cookie, async (saves) => {
    const second = server.request({ cookie });
    // The test cuts the first request's connection, as a crash would: it cannot release its lock.
    saves.cut();
    const { status, body } = await second;
    assert.equal(status, 200, 'the test cut the connection of the holder, and the next one failed');
    assert.match(body, /Count: 2\b/);
  });
});

test('a request that waits in vain fails, and changes nothing', async () => {
  const { cookie } = await server.request();
  await whileSaving(cookie, () =>
    withMaxWait(0, async () => {
      const { status } = await server.request({ cookie });
      assert.equal(status, 500, 'it went on with what another request holds');
    }),
  );
  assert.equal(count(await server.request({ cookie })), 3);
});

test('a request whose wait is interrupted fails', async () => {
  const { cookie } = await server.request();
  await whileSaving(cookie, async () => {
    const second = server.request({ cookie });
    if (!(await database.lockWaits(1, second))) return;
    const [waiting] = await database.query(
      `SELECT ID AS id FROM information_schema.PROCESSLIST
       WHERE DB = DATABASE() AND STATE = 'User lock'`,
    );
    // The test interrupts the wait, as an administrator would: GET_LOCK then answers NULL.
    await database.query(`KILL QUERY ${Number(waiting?.['id'])}`);
    assert.equal((await second).status, 500, 'the test interrupted its wait, and it went on');
  });
});

test('a request that fails lets go of its session', async () => {
  const { cookie } = await server.request();
  // The test renames the table, so that Read fails with an error of the database.
  await database.query('RENAME TABLE sessions TO sessions_elsewhere');
  const failed = await server.request({ cookie });
  await database.query('RENAME TABLE sessions_elsewhere TO sessions');
  assert.equal(failed.status, 500);
  await withMaxWait(2, async () => {
    const next = await server.request({ cookie });
    assert.equal(count(next), 2, 'after a request that failed, its session is still locked');
  });
});

test('a request that has lost its connection saves nothing', async () => {
  const { cookie } = await server.request();
  const sweeps = gate(1, /^\s*DELETE/i, { opens: 'by hand', patience: 8000 });
  const saves = gate(1, saving, { opens: 'by hand', patience: 8000 });
  const first = sweeper.request({ cookie });
  await sweeps.arrived;
  // The test ends the connection of the first request while it sweeps, so its lock is lost.
  await database.query(`KILL ${Number(sweeps.statements[0]?.thread)}`);
  sweeps.open();
  if (!(await Promise.race([saves.arrived, first.then(() => false)]))) saves.open();
  const second = await server.request({ cookie });
  saves.open();
  assert.equal((await first).status, 500, 'the test ended its connection, and it went on');
  assert.equal(count(second), 2);
  const lost = 'the first request lost its lock, and then saved over the second';
  assert.equal(count(await server.request({ cookie })), 3, lost);
});

test('the name of a lock contains no id and no key of a row', async () => {
  const { cookie } = await server.request();
  await server.request({ cookie });
  const id = decodeURIComponent(cookie.split('=')[1] ?? '');
  const told = statements().map(({ sql, values }) => [sql, ...values.map(String)].join(' '));
  assert.ok(!told.some((text) => text.includes(id)), 'the name of the lock contains the id');
  const keys = (await database.rows()).map((row) => row['id'] as Buffer);
  const spellings = keys.flatMap((key) => {
    return [key.toString('hex'), key.toString('base64'), key.toString('base64url')];
  });
  const locks = told
    .filter((text) => /GET_LOCK/i.test(text))
    .join('\n')
    .toLowerCase();
  for (const spelling of spellings) {
    const start = spelling.slice(0, 20).toLowerCase();
    assert.ok(!locks.includes(start), 'a reader of the table knows the name of the lock');
  }
});

test('thirty visitors at once are served, and each of them sweeps', async () => {
  const visits = Array.from({ length: 30 }, () => sweeper.request());
  const served = await Promise.race([Promise.all(visits), delay(6000)]);
  assert.ok(served, 'requests that hold a connection wait for another one, and none ever ends');
  assert.ok(served.every(({ status }) => status === 200));
});

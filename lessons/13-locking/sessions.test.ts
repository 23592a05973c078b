import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';
import {
  containsPart,
  type Gate,
  lockLimits,
  openBench,
  type PageResponse,
  recordHashed,
  type Server,
} from '#bench';
import { session_start, session_write_close } from '#php';

const { clock, database, gate, handler, overhear, recordDraws, serve, silence, statements } =
  await openBench();
const { Sessions } = await import('#sessions');
// From the lesson on that seals ids, two processes need the same password.
process.env['SESSION_PASSWORDS'] ??= JSON.stringify({
  1: 'for the tests of locking, and no other',
});
const sweeping = { settings: { 'session.gc_probability': '1', 'session.gc_divisor': '1' } };
const [server, sweeper] = await Promise.all([serve(), serve(sweeping)]);
after(() => Promise.all([server.close(), sweeper.close()]));

const saving = /^\s*(INSERT|UPDATE|REPLACE)/i;
const count = ({ body }: PageResponse): number => Number(/Count: (\d+)/.exec(body)?.[1]);

/** The names of the locks that were asked for since a statement; all of the SQL, where it has none. */
function locksSince(began: number): string[] {
  return statements()
    .slice(began)
    .filter(({ sql }) => /GET_LOCK/i.test(sql))
    .map(({ sql, values }) => String(/GET_LOCK\(\s*'([^']*)'/i.exec(sql)?.[1] ?? values[0] ?? sql));
}

const idIn = (cookie: string): string => decodeURIComponent(cookie.split('=')[1] ?? '');

/** Runs a check while a request of the session is stopped at the statement that saves. */
async function whileSaving(
  cookie: string,
  check: (saves: Gate, first: Promise<PageResponse>) => Promise<void>,
): Promise<void> {
  const saves = gate(1, saving, { opens: 'by hand' });
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
  for (const [page, counts] of [
    [server, [2, 3, 4, 5, 6, 7, 8, 9]],
    [sweeper, [10, 11, 12, 13, 14, 15, 16, 17]],
  ] as const) {
    const pages = await Promise.all(Array.from({ length: 8 }, () => page.request({ cookie })));
    assert.deepEqual(
      pages.map(count).sort((one, other) => one - other),
      counts,
      page === sweeper ? 'requests that sweep' : 'requests that do not sweep',
    );
  }
  // A session whose row is gone, until the first of them saves it; a later lesson replaces the id.
  await database.query('DELETE FROM sessions');
  const begun = await Promise.all(Array.from({ length: 8 }, () => server.request({ cookie })));
  const kept = begun
    .filter(({ status, setCookie }) => status === 200 && setCookie.length === 0)
    .map(count);
  assert.equal(new Set(kept).size, kept.length, `without a row they counted ${kept.join(', ')}`);
});

test('a request waits for the one before it, in another process as well', async () => {
  const { cookie } = await server.request();
  const starting = serve({ apart: true });
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
  const releases = gate(1, /RELEASE/i, { opens: 'by hand' });
  const last = server.request({ cookie });
  await releases.reached(last);
  releases.cut();
  assert.equal((await last).status, 200, 'its connection was cut when the session was saved');
});

test('a page is answered once its lock is released', async () => {
  const { cookie } = await server.request();
  const releases = gate(1, /RELEASE/i, { opens: 'by hand', holds: 'answer' });
  const page = server.request({ cookie });
  const isReleasing = await releases.reached(page);
  const early = isReleasing && (await Promise.race([page, silence(500)]));
  releases.open();
  await page;
  assert.ok(!early, 'it was answered while the database still released its lock');
});

test('each session has a lock of its own', async () => {
  const began = statements().length;
  for (let visitor = 1; visitor <= 30; visitor += 1) await server.request();
  const names = locksSince(began);
  assert.equal(new Set(names).size, names.length, 'of 30 visitors some have the same lock');
  const [first = ''] = names;
  const places = [...first].filter((letter, at) => names.some((name) => name[at] !== letter));
  const few = `the names of 30 locks differ in ${places.length} places: too few for all sessions`;
  assert.ok(names.length === 0 || places.length >= 12, few);
  for (const name of names) {
    assert.ok(name.length <= 64, `MySQL refuses a name of ${name.length} characters`);
  }
  // Ids that differ in one random byte, the first or the last.
  const alike = statements().length;
  for (const odd of [-1, 0, 31]) {
    const source = (size: number) => new Uint8Array(size).map((_, at) => (at === odd ? 200 : 7));
    await recordDraws(() => server.request(), source);
  }
  const similar = locksSince(alike);
  assert.equal(new Set(similar).size, similar.length, 'two ids that are nearly alike share a lock');
});

test('a request goes by the lifetime of its own page', async () => {
  const lasting = (seconds: number) =>
    serve({ settings: { 'session.gc_maxlifetime': String(seconds) } });
  const [long, short] = await Promise.all([lasting(3600), lasting(60)]);
  const { cookie } = await long.request();
  clock.advance(120);
  // The first page waits while the other page of this process is served.
  const begins = gate(1, /^\s*SELECT/i, { opens: 'by hand' });
  const visit = long.request({ cookie });
  await begins.arrived;
  await short.request();
  begins.open();
  assert.equal(count(await visit), 2, 'it went by the lifetime of another page');
  clock.advance(120);
  await short.request();
  await handler.open('', 'MySession');
  const data = await handler.read(idIn(cookie));
  assert.equal(data, 'count|i:2;', 'a Read by hand went by the lifetime of another page');
});

test('a request that waits in vain fails, and changes nothing', async () => {
  const { cookie } = await server.request();
  await whileSaving(cookie, () =>
    withMaxWait(1, async () => {
      const began = statements().length;
      let answer: PageResponse | undefined;
      const visit = async () => {
        answer = await Promise.race([server.request({ cookie }), silence(6000)]);
      };
      const heard = await overhear(visit);
      assert.ok(answer, 'MaxWait was 1 s, and it waited for six');
      assert.equal(answer.status, 500, 'it went on with what another request holds');
      const asked = lockLimits(statements().slice(began)).reduce((sum, limit) => sum + limit, 0);
      // One that begins its wait anew asks for two seconds.
      assert.ok(!(asked > 1.5), `MaxWait was 1 s, and it asked to wait ${asked} s for the lock`);
      assert.ok(
        !containsPart(heard, idIn(cookie)),
        `its error contains the id, or a part: ${heard}`,
      );
    }),
  );
  assert.equal(count(await server.request({ cookie })), 3);
});

test('a page that opens its session a second time holds it again', async () => {
  const { Login } = Sessions as { Login?: unknown };
  let second: Promise<PageResponse> | undefined;
  let hasWaited: boolean | undefined;
  const reopen = async () => {
    await session_write_close();
    await session_start();
    second = server.request({ cookie });
    hasWaited = await database.lockWaits(1, second);
  };
  Object.assign(Sessions, { Login: reopen });
  const page = await serve();
  Object.assign(Sessions, { Login });
  const { cookie } = await server.request();
  const { status } = await page.request({ cookie, path: '/login' });
  assert.equal(status, 200);
  assert.equal(hasWaited, true, 'a request did not wait for a page that had begun anew');
  assert.equal((await second)?.status, 200);
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
  const steps: [string, Server, string, RegExp][] = [
    ['reads', server, '/', /^\s*SELECT(?!.*LOCK)/i],
    ['saves', server, '/', saving],
    ['signs out', server, '/logout', /^\s*DELETE/i],
    ['sweeps', sweeper, '/', /^\s*DELETE/i],
  ];
  for (const [step, page, path, statement] of steps) {
    const { cookie } = await server.request();
    const fails = gate(1, statement, { opens: 'by hand' });
    const first = page.request({ cookie, path });
    await fails.reached(first);
    // The test renames the table, so that the statement fails.
    await database.withoutTable(async () => {
      fails.open();
      await first;
    });
    await withMaxWait(2, async () => {
      const { status } = await server.request({ cookie });
      assert.equal(status, 200, `a request failed as it ${step}, and its session is still locked`);
    });
  }
  const { cookie } = await server.request();
  await whileSaving(cookie, () =>
    withMaxWait(0.05, async () => {
      const others = Array.from({ length: 12 }, () => server.request({ cookie }));
      const late = silence(5000);
      const ended = await Promise.race([Promise.all(others), late]);
      assert.ok(ended, 'requests waited in vain, and have kept their connections');
    }),
  );
});

test('a request that has lost its connection saves nothing', async () => {
  const { cookie } = await server.request();
  const sweeps = gate(1, /^\s*DELETE/i, { opens: 'by hand' });
  const saves = gate(1, saving, { opens: 'by hand' });
  const first = sweeper.request({ cookie });
  await sweeps.arrived;
  // The test ends the connection of the first request while it sweeps, so its lock is lost.
  await database.query(`KILL ${Number(sweeps.statements[0]?.thread)}`);
  sweeps.open();
  if (!(await saves.reached(first))) saves.open();
  const second = await server.request({ cookie });
  saves.open();
  assert.equal((await first).status, 500, 'the test ended its connection, and it went on');
  assert.equal(count(second), 2);
  const lost = 'the first request lost its lock, and then saved over the second';
  assert.equal(count(await server.request({ cookie })), 3, lost);
});

test('the name of a lock contains no id and no key of a row', async () => {
  await database.query('DELETE FROM sessions');
  const began = statements().length;
  let cookie = '';
  const hashed = await recordHashed(async () => {
    ({ cookie } = await server.request());
    await server.request({ cookie });
  });
  const told = statements()
    .slice(began)
    .map(({ sql, values }) => [sql, ...values.map(String)].join(' '));
  const notations = ['hex', 'base64', 'base64url'] as const;
  const decoded = Buffer.from(idIn(cookie), 'base64url');
  for (const secret of [idIn(cookie), ...notations.map((each) => decoded.toString(each))]) {
    assert.ok(!told.some((text) => text.includes(secret)), 'the name of the lock contains the id');
  }
  const locks = told
    .filter((text) => /GET_LOCK/i.test(text))
    .join()
    .toLowerCase();
  for (const row of await database.rows()) {
    const key = Buffer.from(row['id'] as Buffer);
    for (const spelling of [
      key.toString('latin1'),
      ...notations.map((each) => key.toString(each)),
    ]) {
      const isHashed = hashed.some((input) => input.toLowerCase().includes(spelling.toLowerCase()));
      assert.ok(!isHashed, 'a hash of the key of the row was made, as a reader of the table may');
    }
    const hashes = ['md5', 'sha1', 'sha256', 'sha512'].flatMap((algorithm) =>
      [key, key.toString('hex')].map((each) => createHash(algorithm).update(each).digest()),
    );
    const turned = [Buffer.from(key).reverse(), Buffer.from(key.map((byte) => byte ^ 255))];
    const spellings = [key, ...turned, ...hashes].flatMap((bytes) =>
      notations.map((each) => bytes.toString(each).toLowerCase()),
    );
    for (const spelling of spellings) {
      for (let start = 0; start + 16 <= spelling.length; start += 1) {
        const isKnown = locks.includes(spelling.slice(start, start + 16));
        assert.ok(!isKnown, 'a reader of the table knows the name of the lock');
      }
    }
  }
});

/** Waits for requests of which the first ten that ask for a lock go on together. */
async function areServed(requests: () => Promise<PageResponse>[]): Promise<void> {
  const locks = gate(10, /GET_LOCK/i, { patience: 1000 });
  const served = await Promise.race([Promise.all(requests()), silence(6000)]);
  locks.open();
  assert.ok(served, 'requests that hold a connection wait for another one, and none ever ends');
  assert.ok(served.every(({ status }) => status === 200));
}

test('thirty sign-outs at once are answered', async () => {
  const visitors = await Promise.all(Array.from({ length: 30 }, () => server.request()));
  await areServed(() => visitors.map(({ cookie }) => server.request({ cookie, path: '/logout' })));
});

test('thirty visitors at once are served, and each of them sweeps', async () => {
  // In this lesson, twelve of them have no valid id, and so no session to hold.
  const invalid = { cookie: 'MySession=a' };
  await areServed(() =>
    Array.from({ length: 30 }, (_, visitor) => sweeper.request(visitor < 12 ? invalid : {})),
  );
  await database.query('UPDATE sessions SET updated = 0');
  await sweeper.request(invalid);
  const old = (await database.rows()).filter(({ updated }) => Number(updated) === 0);
  assert.equal(old.length, 0, 'old sessions after the visit of one without a valid id');
});

import assert from 'node:assert/strict';
import net from 'node:net';
import { after, mock, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { containsPart, lockLimits, openBench, type PageResponse } from '#bench';

const {
  another,
  clock,
  database,
  gate,
  handler,
  keptPromises,
  overhear,
  serve,
  silence,
  statements,
} = await openBench();
const { Sessions } = await import('#sessions');
// From the lesson on that seals ids, two processes need the same password.
process.env['SESSION_PASSWORDS'] ??= JSON.stringify({ 1: 'for the tests of the queue, no other' });
const sweeping = { settings: { 'session.gc_probability': '1', 'session.gc_divisor': '1' } };
const [server, sweeper] = await Promise.all([serve(), serve(sweeping)]);
after(() => Promise.all([server.close(), sweeper.close()]));

const saving = /^\s*(INSERT|UPDATE|REPLACE)/i;
const count = ({ body }: PageResponse): number => Number(/Count: (\d+)/.exec(body)?.[1]);
const visit = (cookie = ''): Promise<PageResponse> => server.request({ cookie });
const visits = (length: number, cookie = ''): Promise<PageResponse>[] =>
  Array.from({ length }, () => visit(cookie));

/** Runs a check while requests wait no longer than so many seconds. */
async function withMaxWait<Result>(seconds: number, check: () => Promise<Result>): Promise<Result> {
  const before = (Sessions as { MaxWait?: number }).MaxWait;
  Object.assign(Sessions, { MaxWait: seconds });
  try {
    return await check();
  } finally {
    Object.assign(Sessions, { MaxWait: before });
  }
}

/**
 * Calls, and returns a count of the names and ids that maps, sets and arrays have got meanwhile and
 * still have; in an array also as a member of an entry. Call it after a garbage collection.
 */
async function keptKeys(call: () => Promise<void>): Promise<() => number> {
  type Kept = Map<unknown, unknown> | Set<unknown> | unknown[];
  const added: [WeakRef<Kept>, unknown][] = [];
  const [{ set }, { add }, { push, unshift }] = [Map.prototype, Set.prototype, Array.prototype];
  // The entries of the bench's own arrays have members as well: SQL, cookies, headers.
  const membersOf = (entry: unknown): unknown[] =>
    entry && typeof entry === 'object' && !ArrayBuffer.isView(entry)
      ? Object.values(entry).filter(
          (member) => typeof member === 'string' && /^[^\s=]+$/.test(member),
        )
      : [entry];
  const note = (into: Kept, key: unknown): void => {
    if (typeof key !== 'string' || key.length < 16) return;
    added[added.length] = [new WeakRef(into), key];
  };
  const noteAll = (into: unknown[], entries: unknown[]): void => {
    for (const entry of entries) for (const member of membersOf(entry)) note(into, member);
  };
  const has = (into: Kept | undefined, key: unknown): boolean =>
    Array.isArray(into)
      ? into.some((entry) => membersOf(entry).includes(key))
      : into?.has(key) === true;
  Map.prototype.set = function (key, value) {
    note(this, key);
    return set.call(this, key, value);
  };
  Set.prototype.add = function (key) {
    note(this, key);
    return add.call(this, key);
  };
  Array.prototype.push = function (...entries) {
    noteAll(this, entries);
    return push.apply(this, entries);
  };
  Array.prototype.unshift = function (...entries) {
    noteAll(this, entries);
    return unshift.apply(this, entries);
  };
  try {
    await call();
  } finally {
    Object.assign(Map.prototype, { set });
    Object.assign(Set.prototype, { add });
    Object.assign(Array.prototype, { push, unshift });
  }
  return () =>
    new Set(added.filter(([into, key]) => has(into.deref(), key)).map(([, key]) => key)).size;
}

/** Counts the names that plain objects have got as keys during a call and still have. */
async function keptNames(names: Set<string>, call: () => Promise<unknown>): Promise<number> {
  const added: [object, string][] = [];
  for (const name of names) {
    Object.defineProperty(Object.prototype, name, {
      configurable: true,
      set(value) {
        const own = { value, configurable: true, enumerable: true, writable: true };
        Object.defineProperty(this, name, own);
        added.push([this, name]);
      },
    });
  }
  try {
    await call();
  } finally {
    for (const name of names) Reflect.deleteProperty(Object.prototype, name);
  }
  return added.filter(([object, name]) => Object.hasOwn(object, name)).length;
}

const activeTimers = (): number =>
  process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

/** Stops ten requests at the statement that saves, each with a connection of its own. */
function tenSlowPages() {
  const saves = gate(10, saving, { opens: 'by hand', patience: 4000 });
  return { saves, pages: visits(10) };
}

test('a crowd of one visitor leaves connections for others', async () => {
  const { cookie } = await visit();
  await withMaxWait(5, async () => {
    const saves = gate(1, saving, { opens: 'by hand' });
    let over = 0;
    const crowd = visits(40, cookie).map(async (page) => {
      await page;
      over += 1;
    });
    await saves.arrived;
    const stranger = await visit();
    const before = over;
    saves.open();
    await Promise.all(crowd);
    assert.equal(stranger.status, 200, 'a crowd of another visitor had taken every connection');
    assert.equal(before, 0, 'a new visitor was served only when requests of the crowd had failed');
  });
});

test('a request waits for a connection no longer than MaxWait', async () => {
  const { cookie } = await visit();
  const slow = tenSlowPages();
  await slow.saves.arrived;
  // Date.now() stands still, as after a clock was set back: a deadline by it comes no nearer.
  clock.advance(0);
  await withMaxWait(2, async () => {
    const ends: number[] = [];
    let strangers: PageResponse[] = [];
    const heard = await overhear(async () => {
      // The second one waits for the first, and all for a connection.
      const all = [...visits(2, cookie), visit()].map(async (page) => {
        const answer = await page;
        ends.push(performance.now());
        return answer;
      });
      const waiting = Promise.all(all);
      // A request that never fails gets a connection in the end.
      const open = () => slow.saves.open();
      void Promise.race([waiting, silence(5000)]).then(open, open);
      strangers = await waiting;
    });
    for (const [index, { status }] of strangers.entries()) {
      const which = ['a request', 'the request behind it', 'a new visitor'][index];
      assert.equal(status, 500, `MaxWait was 2 s, and ${which} waited longer`);
    }
    // One that begins its wait anew needs two seconds more, and a busy machine less than one.
    const later = (Math.max(...ends) - Math.min(...ends)) / 1000;
    assert.ok(
      later < 1,
      `MaxWait was 2 s, and of three requests one waited ${later.toFixed(1)} s more`,
    );
    const id = decodeURIComponent(cookie.split('=')[1] ?? '');
    assert.ok(!containsPart(heard, id), `its error contains the id, or a part: ${heard}`);
  });
  slow.saves.open();
  for (const { status } of await Promise.all(slow.pages)) assert.equal(status, 200);
});

test('a connection that comes too late goes back to the pool', async () => {
  const slow = tenSlowPages();
  await slow.saves.arrived;
  await withMaxWait(1, async () => {
    const late = setTimeout(() => slow.saves.open(), 4000);
    await Promise.all(visits(12));
    clearTimeout(late);
  });
  slow.saves.open();
  await Promise.all(slow.pages);
  const next = tenSlowPages();
  const areComplete = await next.saves.arrived;
  next.saves.open();
  await Promise.all(next.pages);
  assert.ok(areComplete, 'after requests that waited in vain, the pool has fewer than ten left');
});

test('the last of a crowd waits as long as the first, not after it', async () => {
  const { cookie } = await visit();
  const saves = gate(1, saving, { opens: 'by hand' });
  const first = visit(cookie);
  await saves.arrived;
  try {
    await withMaxWait(1, async () => {
      const began = statements().length;
      const ends: number[] = [];
      const crowd = visits(6, cookie).map(async (visit) => {
        assert.equal((await visit).status, 500);
        ends.push(performance.now());
      });
      await Promise.all(crowd);
      const seconds = (Math.max(...ends) - Math.min(...ends)) / 1000;
      assert.ok(
        seconds < 3,
        `the last of six waited ${seconds.toFixed(1)} s longer than the first`,
      );
      const limits = lockLimits(statements().slice(began));
      const endless = 'for MySQL, a negative limit of a lock is none at all';
      assert.ok(!limits.some((limit) => limit < 0), endless);
    });
  } finally {
    saves.open();
    await first;
  }
  assert.equal(count(await first), 2);
});

test('a request that waits in vain does not take those behind it along', async () => {
  const { cookie } = await visit();
  const saves = gate(1, saving, { opens: 'by hand' });
  const first = visit(cookie);
  await saves.arrived;
  const [impatient, patient] = await withMaxWait(1, async () => {
    const second = visit(cookie);
    // It has asked for the lock, so it keeps its limit of one second.
    await database.lockWaits(1, second);
    Object.assign(Sessions, { MaxWait: 20 });
    const third = visit(cookie);
    const { status } = await second;
    saves.open();
    return [status, (await third).status];
  });
  await first;
  assert.deepEqual([impatient, patient], [500, 200]);
});

test('of one session one request waits at the database, and the others in the process', async () => {
  const { cookie } = await visit();
  const waiting = async (): Promise<number> => {
    await visit(); // Served after those who came before, as far as they get.
    const rows = await database.query(
      `SELECT ID FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND STATE = 'User lock'`,
    );
    return rows.length;
  };
  const crowd: Promise<PageResponse>[] = [];
  const counts: number[] = [];
  let saves = gate(1, saving, { opens: 'by hand' });
  crowd.push(visit(cookie));
  await saves.arrived;
  for (let turn = 1; turn <= 3; turn += 1) {
    crowd.push(visit(cookie), visit(cookie));
    counts.push(await waiting());
    const before = saves;
    saves = gate(1, saving, { opens: 'by hand' });
    before.open();
    await saves.arrived;
  }
  saves.open();
  for (const { status } of await Promise.all(crowd)) assert.equal(status, 200);
  const most = Math.max(...counts);
  assert.ok(most <= 1, `${most} requests of the session waited at the database`);
});

test('visitors leave nothing behind in the process', async () => {
  const visitTwice = async (): Promise<void> => {
    const { cookie } = await visit();
    await visit(cookie);
  };
  await Promise.all(Array.from({ length: 20 }, visitTwice));
  // The bench itself keeps one promise of each request before Node 26, and none from then on.
  const { cookie } = await visit();
  const returned = await keptPromises(async () => {
    for (let visits = 1; visits <= 10; visits += 1) await visit(cookie);
    await database.rows();
  });
  const ofBench = Math.min(1, Math.round(returned / 10));
  const timers = activeTimers();
  let countKeys = (): number => 0;
  const held = await keptPromises(async () => {
    countKeys = await keptKeys(async () => {
      for (let round = 1; round <= 2; round += 1) {
        await Promise.all(Array.from({ length: 20 }, visitTwice));
      }
    });
    await database.rows();
  });
  const keys = countKeys();
  assert.ok(
    keys < 20,
    `after 40 more visitors maps, sets and arrays of the process hold ${keys} more names`,
  );
  // Their first visits are to another process, so this one does not know them yet.
  const elsewhere = await (await another()).serve();
  const began = statements().length;
  const cookies = await Promise.all(
    Array.from({ length: 5 }, async () => (await elsewhere.request()).cookie),
  );
  await Promise.all(cookies.map((each) => elsewhere.request({ cookie: each })));
  const sent = statements()
    .slice(began)
    .flatMap(({ values }) => values)
    .map((each) => (each instanceof Uint8Array ? Buffer.from(each).toString('hex') : `${each}`));
  const ids = cookies.map((each) => decodeURIComponent(each.split('=')[1] ?? ''));
  const names = new Set([...sent.filter(({ length }) => length >= 16), ...ids]);
  const inObjects = await keptNames(names, () => Promise.all(cookies.map(visit)));
  assert.ok(inObjects < 5, `after 5 more visitors objects have ${inObjects} more keys`);
  const running = activeTimers() - timers;
  assert.ok(running < 20, `after 40 more visitors ${running} more timers run`);
  const kept = held - 80 * ofBench;
  assert.ok(kept < 40, `after 40 more visitors the process holds ${kept} more promises`);
  // And those who wait in vain for a connection.
  const visitors = await Promise.all(visits(40));
  const slow = tenSlowPages();
  await slow.saves.arrived;
  const later = await keptPromises(async () => {
    let waiting: Promise<unknown> | undefined;
    await withMaxWait(0.05, () => {
      waiting = Promise.all(visitors.map(({ cookie }) => visit(cookie)));
      return Promise.race([waiting, silence(4000)]);
    });
    // The pool keeps what it was asked for until it has it; a visitor now is the last to get it.
    slow.saves.open();
    await Promise.all([waiting, ...slow.pages]);
    await visit();
    await database.rows();
  });
  const left = later - 40 * ofBench;
  assert.ok(left < 30, `after 40 visitors waited in vain, the process holds ${left} more promises`);
});

test('a sweep waits for a connection no longer than MaxWait', async () => {
  const slow = tenSlowPages();
  await Promise.race([slow.saves.arrived, silence(4000)]);
  const [answer, status] = await withMaxWait(1, () => {
    const sweep = handler.gc(86_400).catch(() => 'rejected');
    // In this lesson, a request without a valid id locks nothing before it sweeps.
    const page = sweeper.request({ cookie: 'MySession=a' }).then((response) => response.status);
    return Promise.all(
      [sweep, page].map((call) => Promise.race([call, silence(4000, 'it waits')])),
    );
  });
  slow.saves.open();
  await Promise.all(slow.pages);
  assert.equal(answer, 'rejected');
  assert.equal(status, 500, 'MaxWait was 1 s, and the sweep of a page waited longer');
});

test('a connection that fails after the wait harms no other request', async () => {
  const { cookie } = await visit();
  // The test ends every connection, and lets each new one fail after half a second.
  const own = `SELECT ID AS id FROM information_schema.PROCESSLIST
    WHERE DB = DATABASE() AND ID <> CONNECTION_ID()`;
  for (const { id } of await database.query(own)) await database.query(`KILL ${Number(id)}`);
  while ((await database.connections()) > 0) await delay(10);
  // The driver notices each end a few turns later.
  for (let turn = 1; turn <= 20; turn += 1) await delay(10);
  const connect = mock.method(net, 'connect', () => {
    const socket = new net.Socket();
    setTimeout(() => socket.destroy(new Error('the test lets it fail')), 500);
    return socket;
  });
  const { status } = await withMaxWait(0.1, () => visit(cookie));
  await delay(600);
  connect.mock.restore();
  assert.equal(status, 500);
  assert.ok(connect.mock.callCount() > 0, 'it has not tried to make a connection');
  assert.equal(count(await visit(cookie)), 2);
});

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { hasLock, type LockEffect, lockEffect } from '../../src/workshop/lab/locks.ts';
import { type RequestEntry, Timeline } from '../../src/workshop/lab/timeline.ts';
import { describeWait } from '../../src/workshop/lab/views/timeline.ts';
import { findWaits } from '../../src/workshop/lab/waits.ts';
import { findBrowser } from '../../src/workshop/tools/browser.ts';
import { contrastFaults, structureFaults } from './inspect-page.ts';
import { copyProject, database, endAll, startWorkshop, until, type Workshop } from './workshop.ts';

const program = findBrowser();
const skip = program ? false : 'no browser of the Chromium family is installed';
const server = await database();
let browser: Browser;
let lab: Workshop;

before(async () => {
  if (!program) return;
  [lab, browser] = await Promise.all([
    startWorkshop(server.url),
    chromium.launch({ executablePath: program, args: ['--headless', '--no-sandbox'] }),
  ]);
});
after(async () => {
  await browser?.close();
  await endAll();
  await server.close();
});

/** A request's statements: what each does, from when to when, and whether a lock was had. */
type Told = [effect: LockEffect | undefined, at: number, end?: number, got?: boolean];

const takes: LockEffect = { does: 'takes', kind: 'name', lock: 'cart' };
const rows: LockEffect = { does: 'takes', kind: 'rows', lock: 'row 1' };
const releases: LockEffect = { does: 'releases', lock: undefined };

function timelineOf(requests: Told[][], ended = true): RequestEntry[] {
  const timeline = new Timeline();
  const origin = { instance: 1, pid: 7, sender: () => 'you' as const };
  requests.forEach((told, index) => {
    const request = index + 1;
    const at = told[0]?.[1] ?? 0;
    timeline.take(origin, { type: 'request', request, method: 'GET', url: '/', remotePort: 1, at });
    told.forEach(([lock, began, end, got = lock?.does === 'takes' || undefined], number) => {
      const statement = request * 10 + number;
      const common = { request, statement };
      const sql = { sql: '', values: [], step: undefined, lock, at: began };
      timeline.take(origin, { type: 'sql', ...common, ...sql });
      if (end === undefined) return;
      const outcome = { outcome: '', failed: false, got, at: end };
      timeline.take(origin, { type: 'sql-end', ...common, ...outcome });
    });
    const last = told.at(-1);
    if (ended)
      timeline.take(origin, { type: 'response', request, status: 200, at: last?.[2] ?? 0 });
  });
  return timeline.entries;
}

const told = (entries: RequestEntry[], now = 1_000) =>
  [...findWaits(entries, now).values()].map(describeWait);

test('a request that asks while another holds the lock waits for that one', () => {
  const entries = timelineOf([
    [
      [takes, 0, 1],
      [releases, 30, 31],
    ],
    [
      [takes, 5, 31],
      [releases, 40, 41],
    ],
  ]);
  assert.deepEqual(told(entries), [
    'You (request 2) waited 26.0 ms for the lock that You (request 1) held.',
  ]);
});

test('whoever asks after the lock was given back has not waited', () => {
  const entries = timelineOf([
    [
      [takes, 0, 1],
      [releases, 30, 31],
    ],
    [[takes, 32, 33]],
  ]);
  assert.deepEqual(told(entries), []);
});

test('locks with other names are none of its business', () => {
  const entries = timelineOf([
    [
      [takes, 0, 1],
      [releases, 30, 31],
    ],
    [[{ ...takes, lock: 'other' }, 5, 32]],
  ]);
  assert.deepEqual(told(entries), []);
});

test('one that waits through two holders names both', () => {
  const entries = timelineOf([
    [
      [takes, 0, 1],
      [releases, 30, 31],
    ],
    [
      [takes, 2, 31],
      [releases, 50, 51],
    ],
    [[takes, 3, 52]],
  ]);
  assert.match(told(entries)[1] ?? '', /lock that You \(request 1\), then You \(request 2\) held/);
});

test('a wait that goes on is told with the time so far', () => {
  const entries = timelineOf([[[takes, 0, 1]], [[takes, 5]]], false);
  assert.deepEqual(told(entries, 505), [
    'You (request 2) has been waiting 500 ms for the lock that You (request 1) held.',
  ]);
});

test('a wait in vain says so, also where nobody here held the lock', () => {
  const entries = timelineOf([[[takes, 5, 2_005, false]]]);
  assert.deepEqual(told(entries), [
    'You (request 1) waited 2000 ms for a lock that no request of this timeline held, and did not get it.',
  ]);
});

test('rows stay locked until the transaction ends, and no longer without one', () => {
  const second: Told[] = [[rows, 5, 31]];
  const within = timelineOf([
    [
      [{ does: 'begins' }, 0, 0],
      [rows, 0, 1],
      [{ does: 'ends' }, 30, 31],
    ],
    second,
  ]);
  assert.equal(told(within).length, 1);
  const without = timelineOf([
    [
      [rows, 0, 1],
      [undefined, 30, 31],
    ],
    second,
  ]);
  assert.deepEqual(told(without), []);
});

test('statements say what they do to locks', () => {
  const name = 'SELECT SLEEP(?), GET_LOCK(?, 10)';
  assert.deepEqual(lockEffect(name, [0, 'cart']), takes);
  assert.deepEqual(lockEffect("select get_lock('cart', 1)", []), takes);
  assert.deepEqual(lockEffect('DO RELEASE_LOCK(?)', ['cart']), { does: 'releases', lock: 'cart' });
  assert.deepEqual(lockEffect('SELECT RELEASE_ALL_LOCKS()', []), releases);
  assert.deepEqual(lockEffect('START TRANSACTION', []), { does: 'begins' });
  assert.deepEqual(lockEffect('COMMIT', []), { does: 'ends' });
  assert.equal(lockEffect('ROLLBACK TO SAVEPOINT a', []), undefined);
  assert.equal(lockEffect('SELECT * FROM sessions WHERE id=?', [1]), undefined);
  assert.equal(lockEffect('SELECT 1 FROM t FOR UPDATE NOWAIT', []), undefined);
});

test('the same rows are the same lock, by every byte of the id', () => {
  const sql = 'SELECT d FROM sessions WHERE id=? FOR UPDATE';
  const lock = (id: Uint8Array) => {
    const effect = lockEffect(sql, [id]);
    return effect?.does === 'takes' ? effect.lock : undefined;
  };
  assert.equal(lock(Buffer.from('ab')), lock(Buffer.from('ab')));
  assert.notEqual(lock(Buffer.from('ab')), lock(Buffer.from('ac')));
});

test('the database’s answer tells whether the lock was had', async () => {
  const connection = await createConnection(server.url);
  const other = await createConnection(server.url);
  const sql = 'SELECT GET_LOCK(?, 0) AS got';
  const [mine] = await connection.execute<RowDataPacket[]>(sql, ['waits.test']);
  const [theirs] = await other.execute<RowDataPacket[]>(sql, ['waits.test']);
  assert.equal(hasLock(takes, mine), true);
  assert.equal(hasLock(takes, theirs), false);
  await Promise.all([connection.end(), other.end()]);
});

async function openLesson(path: string, dark = false): Promise<Page> {
  for (const context of browser.contexts()) await context.close();
  const context = await browser.newContext({ colorScheme: dark ? 'dark' : 'light' });
  const page = await context.newPage();
  await page.goto(lab.address + path);
  await page.getByRole('button', { name: 'Empty the table, forget the cookies' }).click();
  await page.getByText('The table is empty.').first().waitFor();
  return page;
}

async function visitTwice(page: Page): Promise<void> {
  await page.locator('#visit-you').click();
  await page.locator('#page-you .shown').getByText('Count: 1').waitFor();
  await page.locator('#twice-you').click();
  await page.locator('.group.together').waitFor();
  await page
    .locator('#page-you .shown')
    .getByText(/Count: [23]/)
    .waitFor();
}

/** On a busy machine the first of two visits may be over before the second one asks. */
async function visitTwiceUntilOneWaits(page: Page): Promise<Locator> {
  const note = page.locator('.group.together .note.waits');
  await page.locator('#visit-you').click();
  await page.locator('#page-you .shown').getByText('Count: 1').waitFor();
  for (let press = 1; press <= 10; press++) {
    await page.locator('#twice-you').click();
    await page
      .locator('#page-you .shown')
      .getByText(`Count: ${2 * press + 1}`)
      .waitFor();
    const isThere = note.waitFor({ timeout: 2_000 });
    if (
      await isThere.then(
        () => true,
        () => false,
      )
    )
      return note;
  }
  throw new Error('Ten times two visits, and none of them has waited for the other');
}

for (const dark of [false, true]) {
  test(`two visits at once on lesson 13 wait for each other, ${dark ? 'dark' : 'light'}`, {
    skip,
  }, async () => {
    const page = await openLesson('/lesson/13/', dark);
    const note = await visitTwiceUntilOneWaits(page);
    await page
      .locator('#announcer')
      .getByText(/waited [\d.]+ ms for the lock/)
      .waitFor();
    const words =
      /^You \(request \d+\) waited [\d.]+ ms for the lock that You \(request \d+\) held\.$/;
    assert.match(await note.innerText(), words);
    const band = await page.locator('.group.together .block.read i.wait').boundingBox();
    assert.ok(band && band.width >= 4 && band.height >= 8, 'the wait is drawn as a band');
    const lanes = await page.locator('.group.together .lane > .unseen').allTextContents();
    assert.equal(lanes.filter((lane) => /read, waiting [\d.]+ ms for a lock/.test(lane)).length, 1);
    await page.evaluate(() => {
      for (const details of document.querySelectorAll('details')) details.open = true;
    });
    await page.evaluate('globalThis.__name = (value) => value');
    assert.deepEqual(await page.evaluate(structureFaults), []);
    assert.deepEqual(await page.evaluate(contrastFaults), []);
  });
}

test('a class without locks has no waits', { skip }, async () => {
  const page = await openLesson('/lesson/13/?class=lesson-12');
  await visitTwice(page);
  assert.equal(await page.locator('.note.waits').count(), 0);
  assert.equal(await page.locator('i.wait').count(), 0);
});

test('a wait is on the page while it lasts', { skip }, async () => {
  const page = await openLesson('/lesson/13/');
  await page.locator('#visit-you').click();
  await page.locator('#page-you .shown').getByText('Count: 1').waitFor();
  const bound = page.locator('.request').first().locator('.bound code').first();
  const name = JSON.parse(await bound.textContent().then((text) => text ?? '')) as string;
  const connection = await createConnection(server.url);
  await connection.query('SELECT GET_LOCK(?, 0)', [name]);
  await page.locator('#visit-you').click();
  const note = page.locator('.note.waits');
  await note.getByText('has been waiting').waitFor();
  await connection.end();
  await note.getByText(/waited \d+ ms for a lock that no request/).waitFor();
  await until(async () => (await page.locator('.request.failed').count()) === 0, 'no failure');
});

/** A learner's class on the table of lesson 5 that locks rows from Read to Write. */
const LOCKS_ROWS = `import { createPool, type PoolConnection, type ResultSetHeader, type RowDataPacket } from 'mysql2/promise';
import { session_name, session_set_save_handler } from '#php';

const pool = createPool(process.env['DATABASE_URL'] ?? '');
const held = new Map<string, PoolConnection>();

export class Sessions {
  static SessionName = 'MySession';
  static async Open() { return true; }
  static async Close() { return true; }
  static async Read(sid: string) {
    const db = await pool.getConnection();
    await db.beginTransaction();
    const sql = 'SELECT d FROM sessions WHERE id=? FOR UPDATE';
    const [tbl] = await db.execute<RowDataPacket[]>(sql, [sid]);
    held.set(sid, db);
    return tbl[0]?.['d'] ?? '';
  }
  static async Write(sid: string, data: string) {
    const db = held.get(sid);
    await db?.execute('UPDATE sessions SET d=?, updated=1 WHERE id=?', [data, sid]);
    await db?.commit();
    db?.release();
    return true;
  }
  static async Destroy() { return true; }
  static async garbageCollect() { return true; }
  static async createId() {
    const [result] = await pool.execute<ResultSetHeader>("INSERT INTO sessions (d) VALUES ('')");
    return String(result.insertId);
  }
  static initCallbacks() {
    session_name(Sessions.SessionName);
    return session_set_save_handler(Sessions.Open, Sessions.Close, Sessions.Read, Sessions.Write,
      Sessions.Destroy, Sessions.garbageCollect, Sessions.createId);
  }
}
`;

test('a class that locks rows is drawn waiting for them', async () => {
  const project = copyProject();
  writeFileSync(project.mine, LOCKS_ROWS);
  const own = await startWorkshop(server.url, project.folder);
  try {
    const ask = (cookie = '') => fetch(`${own.address}/play/mine/`, { headers: { cookie } });
    const first = await ask();
    assert.match(await first.text(), /Count: 1/);
    const cookie = first.headers.get('set-cookie')?.split(';')[0] ?? '';
    const crowd = () => Promise.all([1, 2, 3, 4].map(async () => (await ask(cookie)).text()));
    // The first crowd opens the pool's connections, so that the second one asks at once.
    await crowd();
    assert.match((await crowd()).sort().join(' '), /Count: 6.*Count: 7.*Count: 8.*Count: 9/s);
    const page = await (await fetch(`${own.address}/lesson/05/?class=mine`)).text();
    assert.match(
      page,
      /Outside \(request \d\) waited [\d.]+ ms for the lock that Outside \(request \d\)/,
    );
  } finally {
    await own.end();
    project.remove();
  }
});

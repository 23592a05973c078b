import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { createConnection } from 'mysql2/promise';
import type { Page } from 'playwright-core';
import { openWire } from '../../../src/workshop/wire/proxy.ts';
import { boxOf, counts, emptyTable, inspectPage, openLab, reads, shown, skip } from './visitor.ts';
import { copyProject, database, startWorkshop, until } from './workshop.ts';

const server = await database();
const wire = await openWire(server.url);
const { visit } = await openLab([], wire);
after(async () => {
  await wire.close();
  await server.close();
});

/** A class of locks or without, after one visit to an empty table. */
async function visitOnce(path: string, dark = false): Promise<Page> {
  const { page } = await visit(path, { dark });
  await emptyTable(page);
  await page.locator('#visit-you').click();
  await shown(page, 'you').getByText('Count: 1').waitFor();
  return page;
}

/** Holds the first statement of a kind until two of another have been asked. */
function holdUntilTwoAsk(held: RegExp, asked: RegExp): () => void {
  const gate = wire.gate(1, held, { opens: 'by hand' });
  let count = 0;
  return wire.watch((event) => {
    if (event.kind !== 'began' || !asked.test(event.statement.sql)) return;
    count += 1;
    if (count === 2) gate.open();
  });
}

async function visitTwice(page: Page, asked: RegExp): Promise<void> {
  const end = holdUntilTwoAsk(/^SELECT \* FROM sessions WHERE/, asked);
  await page.locator('#twice-you').click();
  await page.locator('.group.together').waitFor();
  await shown(page, 'you')
    .getByText(/Count: [23]/)
    .waitFor();
  end();
}

for (const dark of [false, true]) {
  test(`two visits at once on lesson 13 wait for each other, ${dark ? 'dark' : 'light'}`, {
    skip,
  }, async () => {
    const page = await visitOnce('/lesson/13/?class=lesson-13', dark);
    await visitTwice(page, /GET_LOCK/);
    await page
      .locator('#announcer')
      .getByText(/waited [\d.]+ ms for the lock/)
      .waitFor();
    const words =
      /^You \(request \d+\) waited [\d.]+ ms for the lock that You \(request \d+\) held\.$/;
    await reads(page.locator('.group.together .note.waits'), words);
    const band = await boxOf(page.locator('.group.together .block.read i.wait'));
    assert.ok(band && band.width >= 4 && band.height >= 8, 'the wait is drawn as a band');
    const lanes = await page.locator('.group.together .lane > .unseen').allTextContents();
    assert.equal(
      lanes.filter((lane) => /, read \(waiting [\d.]+ ms for a lock\), /.test(lane)).length,
      1,
    );
    assert.deepEqual(await inspectPage(page), []);
  });
}

test('without locks two concurrent visits share one axis, and neither waits', {
  skip,
}, async () => {
  const page = await visitOnce('/lesson/13/?class=lesson-12');
  await visitTwice(page, /^SELECT \* FROM sessions WHERE/);
  await page.locator('.group.together').getByText('2 requests at once, on one axis').waitFor();
  await counts(page.locator('.group.together .request'), 2);
  assert.equal(await page.locator('.note.waits').count(), 0);
  assert.equal(await page.locator('i.wait').count(), 0);
});

test('a wait is on the page while it lasts', { skip }, async () => {
  const page = await visitOnce('/lesson/13/?class=lesson-13');
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
  const own = await startWorkshop(wire.url, project.folder);
  try {
    const ask = (cookie = '') => fetch(`${own.address}/play/mine/`, { headers: { cookie } });
    const first = await ask();
    assert.match(await first.text(), /Count: 1/);
    const cookie = first.headers.get('set-cookie')?.split(';')[0] ?? '';
    const end = holdUntilTwoAsk(/^UPDATE/, /FOR UPDATE/);
    const both = await Promise.all([1, 2].map(async () => (await ask(cookie)).text()));
    end();
    assert.match(both.sort().join(' '), /Count: 2.*Count: 3/s);
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

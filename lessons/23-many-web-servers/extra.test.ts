import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createPool } from 'mysql2/promise';
import { openBench } from '#bench';

const { database, exported, gate, handler } = await openBench();
await handler.open('', 'MySession');
// One connection: a sweep that keeps it leaves none for the next one.
const pool = createPool({ uri: database.url, connectionLimit: 1, waitForConnections: false });
after(() => pool.end());

/** Sweeps as the program does, and returns the line for its log. */
async function sweep(): Promise<string> {
  const { sweep } = exported as { sweep?: (means: object) => Promise<string> };
  assert.equal(typeof sweep, 'function', 'the class has no static method sweep');
  return await (exported as unknown as { sweep(means: object): Promise<string> }).sweep({
    pool,
    clock: 'database',
    maxLife: 1440,
  });
}

/** Leaves one session of each age in the table, in seconds by the database's clock. */
async function fill(...ages: number[]): Promise<void> {
  await database.query('DELETE FROM sessions');
  for (const age of ages) {
    const sql = "INSERT INTO sessions (id, d, updated) VALUES (?, '', UNIX_TIMESTAMP() - ?)";
    await database.query(sql, [`of ${age} s`, age]);
  }
}

/** The number behind a word of a line. */
const numberIn = (line: string, word: string): number =>
  Number(new RegExp(`\\b${word} (\\d+)\\b`).exec(line)?.[1]);

test('a sweep says how many sessions it deleted, and for how long the oldest was overdue', async () => {
  await fill(1440 + 86_400, 1440 + 500, 60);
  const line = await sweep();
  assert.equal(numberIn(line, 'swept'), 2, line);
  const overdue = numberIn(line, 'overdue');
  assert.ok(overdue >= 86_400 && overdue < 86_460, `${line}: no sweep has run for a day`);
  assert.equal((await database.rows()).length, 1, 'rows, of which one is alive');
});

test('nothing is overdue where all sessions are alive, or there is none', async () => {
  for (const ages of [[60, 1200], []]) {
    await fill(...ages);
    assert.equal(await sweep(), 'swept 0, overdue 0');
    assert.equal((await database.rows()).length, ages.length);
  }
});

test('while another server sweeps, the program says so at once', async () => {
  await fill(1440 + 500);
  const sweeps = gate(1, /^\s*DELETE/i, { opens: 'by hand' });
  const other = handler.gc(1440);
  await sweeps.arrived;
  const own = sweep();
  const waits = await database.lockWaits(1, own);
  sweeps.open();
  await other;
  assert.equal(waits, false, 'the program waits for the lock');
  const line = await own;
  assert.match(line, /^busy, overdue \d+$/);
  assert.ok(numberIn(line, 'overdue') >= 500, line);
});

test('a sweep that fails rejects, and the next one works', async () => {
  await fill(1440 + 500);
  await database.withoutTable(() => assert.rejects(sweep(), 'the test has renamed the table'));
  assert.equal(numberIn(await sweep(), 'swept'), 1);
});

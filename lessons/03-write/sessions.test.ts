import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBench } from '#bench';

const { another, clock, database, gate, handler, newId, silence, statements, unawaited } =
  await openBench();
await handler.open('', 'MySession');

/** A callback's result, or the message of its error. */
const answer = (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: Error) => `an error: ${error.message}`);

test('a new session can be read back', async () => {
  const id = await newId();
  assert.equal(await handler.write(id, 'count|i:1;'), true);
  assert.equal(await handler.read(id), 'count|i:1;');
});

test('a changed session replaces what was there', async () => {
  const id = await newId();
  const before = (await database.rows()).length;
  await handler.write(id, 'count|i:1;');
  for (const data of [`it's "100%" \\ _?`, '', 'count|i:2;', 'Count|i:2;', 'Count|i:2; ']) {
    assert.equal(await answer(handler.write(id, data)), true);
    assert.equal(await handler.read(id), data);
  }
  const rows = (await database.rows()).length - before;
  assert.ok(rows <= 1, `one session has ${rows} rows`);
  await database.query('DELETE FROM sessions');
  const isSaved = (await answer(handler.write(id, 'count|i:3;'))) === true;
  const found = await handler.read(id);
  if (isSaved) assert.equal(found, 'count|i:3;', 'Write returned true; its row had been deleted');
});

test('a write changes no other session', async () => {
  const [ann, bob] = [await newId(), await newId()];
  await handler.write(ann, 'name|s:3:"Ann";');
  await handler.write(bob, 'name|s:3:"Bob";');
  await handler.write(bob, 'name|s:6:"Robert";');
  await handler.write(ann, 'name|s:4:"Anna";');
  assert.equal(await handler.read(bob), 'name|s:6:"Robert";', "after a save of Ann's");
  await handler.write(ann, 'name|s:3:"Ann";');
  for (const id of [
    ...['%', '_', '0 OR 1=1', "' OR '1'='1", `${ann}abc`, `${bob}' OR '1'='1`],
    // For an INSERT with the id in its text: it meets the row of Ann, and changes it.
    `0'+${ann},?,?) ON DUPLICATE KEY UPDATE d='name|s:4:"Evil";' -- `,
  ]) {
    await answer(handler.write(id, 'name|s:4:"Evil";'));
  }
  assert.equal(await handler.read(ann), 'name|s:3:"Ann";');
  assert.equal(await handler.read(bob), 'name|s:6:"Robert";');
});

test('writing the same data again keeps the session young', async () => {
  const saved = async (): Promise<void> => {
    const ages = (await database.rows()).map((row) => clock.now() - Number(row['updated']));
    const zone = process.env['TZ'] ?? 'the system';
    const seen = `ages in seconds, in the time zone of ${zone}: ${ages.join(', ')}`;
    assert.ok(ages.includes(0), `no row was updated now; ${seen}`);
  };
  const { TZ } = process.env;
  process.env['TZ'] = 'Asia/Kathmandu'; // A second since 1970 is the same everywhere
  clock.set(1_800_000_000.6); // PHP's time() does not round
  const id = await newId();
  await handler.write(id, 'count|i:1;');
  await saved();
  if (TZ === undefined) delete process.env['TZ'];
  else process.env['TZ'] = TZ;
  assert.equal(await answer(handler.write(id, 'count|i:1;')), true, 'within the same second');
  for (const seconds of [1, 600]) {
    clock.advance(seconds);
    // A page reads first, so it knows that nothing has changed.
    assert.equal(await handler.read(id), 'count|i:1;');
    assert.equal(await handler.write(id, 'count|i:1;'), true);
    await saved();
  }
  clock.advance(1);
  await handler.write(id, 'count|i:2;');
  await saved();
});

test('Write returns once the database has answered', async () => {
  const id = await newId();
  for (const data of ['count|i:1;', 'count|i:2;']) {
    const late = await unawaited(() => handler.write(id, data));
    assert.deepEqual(late, [], 'Write returned before this was over, so an await is missing');
  }
});

test('what one process writes, another one reads', async () => {
  const [one, two] = [await another(), await another()];
  clock.set(1_800_000_000);
  const id = await newId();
  for (const { handler: page } of [one, two]) await page.open('', 'MySession');
  await one.handler.write(id, 'count|i:1;');
  assert.equal(await two.handler.read(id), 'count|i:1;');
  await two.handler.write(id, 'count|i:2;');
  assert.equal(await one.handler.read(id), 'count|i:2;');
  await one.handler.write(id, 'count|i:1;');
  assert.equal(
    await two.handler.read(id),
    'count|i:1;',
    'written in the same second as the others',
  );
  for (const { handler: page } of [one, two]) await page.close();
});

test('a write that fails never returns true', async () => {
  const id = await newId();
  await handler.write(id, 'count|i:0;');
  const saved = await database.withoutTable(() =>
    Promise.race([answer(handler.write(id, 'count|i:1;')), silence(1000, 'nothing in a second')]),
  );
  assert.notEqual(saved, true, 'Write returned true although the test has renamed the table');
  const { handler: closed } = await another();
  const unsent = await Promise.race([answer(closed.write(id, 'count|i:1;')), silence(1000)]);
  assert.notEqual(unsent, true, 'Write returned true although Open has not been called');
  assert.notEqual(unsent, undefined, 'Write waits, and Open has not been called');
  const { handler: cut } = await another();
  await cut.open('', 'MySession');
  const saves = gate(1, /^\s*(INSERT|UPDATE|REPLACE)/i, { opens: 'by hand' });
  const saving = answer(cut.write(id, 'count|i:2;'));
  await saves.reached(saving);
  saves.cut();
  const lost = 'Write returned true, and the test had cut the connection';
  if ((await saving) === true) assert.equal(await handler.read(id), 'count|i:2;', lost);
  await answer(cut.close());
  const { handler: other } = await another();
  await other.open('', 'MySession');
  const fresh = await newId();
  const inserts = gate(1, /^\s*(INSERT|REPLACE)/i, { opens: 'by hand' });
  const late = answer(handler.write(fresh, 'count|i:1;'));
  const isHeld = await inserts.reached(late);
  const early = isHeld ? answer(other.write(fresh, 'count|i:2;')) : undefined;
  const isFirst = (await Promise.race([early, silence(4000)])) === true;
  inserts.open();
  if ((await late) === true && isFirst) {
    const second = 'Write returned true, and another process had made the row before its INSERT';
    assert.equal(await handler.read(fresh), 'count|i:1;', second);
  }
  await early;
  await answer(other.close());
  // A deadlock, and a wait for a lock that took too long.
  for (const errno of [1213, 1205]) {
    for (const change of ['UPDATE', 'INSERT']) {
      if (change === 'INSERT') await database.query('DELETE FROM sessions');
      await database.query(`CREATE TRIGGER fail_${change} BEFORE ${change} ON sessions FOR EACH ROW
        SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = ${errno}, MESSAGE_TEXT = 'by the test'`);
      const given = await answer(handler.write(id, `count|i:${errno};`));
      await database.query(`DROP TRIGGER fail_${change}`);
      const refused = `Write returned true, and the database reported error ${errno} to an ${change}`;
      if (given === true) assert.equal(await handler.read(id), `count|i:${errno};`, refused);
      await answer(handler.write(id, 'count|i:0;'));
    }
  }
});

test('a session is saved whole or not at all', async () => {
  await database.query('DELETE FROM sessions'); // So that the first id is new to the table
  const [id, existing] = [await newId(), await newId()];
  await handler.write(existing, 'count|i:8;');
  for (const data of [`cart|s:69983:"${'x'.repeat(69_983)}";`, `a|s:40000:"${'é'.repeat(4e4)}";`]) {
    const saving = answer(handler.write(id, data));
    if ((await Promise.race([saving, silence(1000)])) !== true) continue;
    const { length } = await handler.read(id);
    assert.equal(`${length} characters`, `${data.length} characters`, 'Write returned true');
  }
  await database.query("UPDATE sessions SET d = 'count|i:0;'");
  const elsewhere = 'saved elsewhere after a Write of a new session that failed';
  assert.equal(await handler.read(existing), 'count|i:0;', elsewhere);
  const cart = `cart|s:69983:"${'x'.repeat(69_983)}";`;
  const saving = answer(handler.write(existing, cart));
  const isSaved = (await Promise.race([saving, silence(1000)])) === true;
  const found = await handler.read(existing);
  if (isSaved) assert.equal(`${found.length} characters`, `${cart.length} characters`);
  else assert.equal(found, 'count|i:0;', 'after a Write that failed');
  // A transaction that is still open keeps the row locked, and reads what it has read before.
  await database.query("UPDATE sessions SET d = 'count|i:9;'");
  assert.equal(await handler.read(existing), 'count|i:9;', 'saved elsewhere after that Write');
});

test('page after page writes on the same connection', async () => {
  const { handler: page } = await another();
  const id = await newId();
  const counts = new Set<number>();
  for (let visit = 1; visit <= 5; visit += 1) {
    const closed = await database.connections();
    await page.open('', 'MySession');
    const before = statements().length;
    for (const data of ['', `count|i:${visit};`]) await page.write(id, data);
    const used = new Set(
      statements()
        .slice(before)
        .map(({ connection }) => connection),
    );
    assert.equal(used.size, 1, 'connections that two writes of one page have used');
    const made = (await database.connections()) - closed;
    assert.ok(made <= 1, `one page has made ${made} connections`);
    await page.close();
    counts.add(await database.connections());
  }
  assert.equal(counts.size, 1, `connections after each of 5 pages: ${[...counts].join(', ')}`);
});

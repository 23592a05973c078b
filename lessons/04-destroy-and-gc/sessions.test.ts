import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { openBench } from '#bench';

const { another, clock, database, gate, handler, newId, statements, unawaited } = await openBench();
await handler.open('', 'MySession');

/** A callback's result, or the message of its error. */
const answer = (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: Error) => `an error: ${error.message}`);

test('a destroyed session reads as an empty string', async () => {
  const [leaver, stayer] = [await newId(), await newId()];
  await handler.write(leaver, 'user|s:3:"Ann";');
  await handler.write(stayer, 'user|s:3:"Bob";');
  await handler.write(await newId(), '');
  await database.query('UPDATE sessions SET updated = 1'); // Old, which is not Destroy's business
  const before = (await database.rows()).length;
  assert.equal(await handler.destroy(leaver), true);
  const left = (await database.rows()).length;
  await database.query('UPDATE sessions SET updated = UNIX_TIMESTAMP()');
  assert.equal(await handler.read(leaver), '');
  assert.equal(await handler.read(stayer), 'user|s:3:"Bob";');
  assert.equal(before - left, 1, 'the number of rows that are gone');
  const rows = (await database.rows()).length;
  const nothing = await newId();
  await handler.write(nothing, '');
  assert.equal(await handler.destroy(nothing), true);
  assert.equal((await database.rows()).length, rows, 'rows after the end of an empty session');
  // The browser still has the cookie.
  if ((await answer(handler.write(leaver, 'user|s:4:"Anna";'))) === true) {
    assert.equal(await handler.read(leaver), 'user|s:4:"Anna";', 'saved again after its end');
  }
});

test('destroying a session that is not there is not an error', async () => {
  assert.equal(await handler.destroy(await newId()), true);
  assert.equal(await handler.destroy(''), true);
});

test('an id with quotes or wildcards in it destroys nothing', async () => {
  const id = await newId();
  await handler.write(id, 'user|s:3:"Ann";');
  await handler.destroy(await newId());
  for (const other of ['', '%', '_', '0 OR 1=1', "' OR '1'='1", '" OR ""="', "' OR 1=1 -- "]) {
    await answer(handler.destroy(other));
    const shown = `Destroy(${JSON.stringify(other)}) ended another session`;
    assert.equal(await handler.read(id), 'user|s:3:"Ann";', shown);
  }
});

test('collecting removes a session older than the lifetime', async () => {
  clock.set(1_800_000_000);
  const [one, two] = [await newId(), await newId()];
  for (const id of [one, two]) await handler.write(id, 'old|b:1;');
  const many = Array.from({ length: 10_000 }, (_, at) => {
    // The first one is older than a day: no page has swept meanwhile.
    return [1_000_000 + at, 'old|b:1;', at === 0 ? 1 : clock.now()];
  });
  await database.query('INSERT INTO sessions (id, d, updated) VALUES ?', [many]);
  clock.advance(1441);
  for (const sweep of ['with 10,002 old sessions', 'with none']) {
    const before = (await database.rows()).length;
    const answer = await handler.gc(1440);
    const rows = await database.rows();
    const gone = before - rows.length;
    const old = rows.filter(({ d }) => String(d) === 'old|b:1;').length;
    assert.equal(`old sessions: ${old}`, 'old sessions: 0', `after a sweep ${sweep}`);
    const isRight = answer === true || answer === gone;
    assert.ok(isRight, `a sweep ${sweep} deleted ${gone} and returned ${inspect(answer)}`);
  }
  for (const id of [one, two]) assert.equal(await handler.read(id), '');
});

test('a session exactly as old as the lifetime stays', async () => {
  clock.set(1_800_000_000);
  const id = await newId();
  await handler.write(id, 'ripe|b:1;');
  clock.advance(1440.6); // time() counts whole seconds, and it says 1440
  await handler.gc(1440);
  assert.equal(await handler.read(id), 'ripe|b:1;', 'saved 1440 whole seconds ago');
});

test('the lifetime is the one that PHP passes', async () => {
  clock.set(1_800_000_000);
  await database.query('DELETE FROM sessions');
  await handler.write(await newId(), 'old|b:1;');
  clock.advance(31_000_000);
  await handler.gc(31_536_000);
  const left = async (): Promise<string> => `sessions left: ${(await database.rows()).length}`;
  assert.equal(await left(), 'sessions left: 1', 'garbageCollect(31536000), 31000000 s old');
  for (const life of [90, 0]) {
    await handler.write(await newId(), life === 0 ? 'younger|b:1;' : '');
    clock.advance(life + 1);
    await handler.gc(life);
    const message = `garbageCollect(${life}), and the youngest is ${life + 1} s old`;
    assert.equal(await left(), 'sessions left: 0', message);
  }
});

test('a session that is saved while the collector is at work stays', async () => {
  clock.set(1_800_000_000);
  const id = await newId();
  await handler.write(id, 'user|s:3:"Ann";');
  clock.advance(2000);
  const deletes = gate(1, /^\s*DELETE/i, { opens: 'by hand' });
  const collecting = handler.gc(1440);
  await deletes.reached(collecting);
  await database.query('UPDATE sessions SET updated = ?', [clock.now()]);
  deletes.open();
  await collecting;
  assert.equal(await handler.read(id), 'user|s:3:"Ann";', 'Ann was back before it was deleted');
});

test('Destroy and garbageCollect return once the database has answered', async () => {
  const id = await newId();
  await handler.write(id, 'user|s:3:"Ann";');
  for (const [name, call] of Object.entries({
    Destroy: () => handler.destroy(id),
    garbageCollect: () => handler.gc(1440),
  })) {
    const late = await unawaited(call);
    assert.deepEqual(late, [], `${name} returned before this was over, so an await is missing`);
  }
});

test('what one process has ended is over in every other', async () => {
  clock.set(1_800_000_000);
  const { handler: other } = await another();
  await other.open('', 'MySession');
  const [left, old] = [await newId(), await newId()];
  for (const id of [left, old]) {
    await handler.write(id, 'user|s:3:"Ann";');
    assert.equal(await other.read(id), 'user|s:3:"Ann";');
    await other.close();
    await other.open('', 'MySession');
  }
  await handler.destroy(left);
  assert.equal(await other.read(left), '', 'after Destroy');
  clock.advance(1441);
  await handler.gc(1440);
  assert.equal(await other.read(old), '', 'after garbageCollect');
  await other.close();
});

test('an end that fails never returns true', async () => {
  const id = await newId();
  await handler.destroy(await newId());
  const { handler: closed } = await another();
  for (const [name, call] of Object.entries({
    Destroy: () => closed.destroy(id),
    garbageCollect: () => closed.gc(1440),
  })) {
    assert.notEqual(await answer(call()), true, `${name} returned true, and Open was not called`);
  }
  for (const [name, call] of Object.entries({
    Destroy: () => handler.destroy(id),
    garbageCollect: () => handler.gc(1440),
  })) {
    const given = await database.withoutTable(() => answer(call()));
    assert.notEqual(given, true, `${name} returned true although the test has renamed the table`);
  }
  clock.set(1_800_000_000);
  await database.query('DELETE FROM sessions');
  const ann = await newId();
  await handler.write(ann, 'user|s:3:"Ann";');
  for (const [name, { call, isOver }] of Object.entries({
    garbageCollect: {
      call: (page: typeof handler) => page.gc(1440),
      isOver: async () => (await database.rows()).length === 0,
    },
    Destroy: {
      call: (page: typeof handler) => page.destroy(ann),
      isOver: async () => (await handler.read(ann)) === '',
    },
  })) {
    clock.set(name === 'Destroy' ? 1_800_000_000 : 1_800_001_441);
    const { handler: cut } = await another();
    await cut.open('', 'MySession');
    const deletes = gate(1, /^\s*DELETE/i, { opens: 'by hand' });
    const ending = answer(call(cut));
    await deletes.reached(ending);
    deletes.cut();
    const isDone = (await ending) !== true || (await isOver());
    assert.ok(isDone, `${name} returned true, and the test had cut the connection`);
    await answer(cut.close());
    // A deadlock, and a wait for a lock that took too long.
    for (const errno of [1213, 1205]) {
      await database.query(`CREATE TRIGGER fail_delete BEFORE DELETE ON sessions FOR EACH ROW
        SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = ${errno}, MESSAGE_TEXT = 'by the test'`);
      const given = await answer(call(handler));
      await database.query('DROP TRIGGER fail_delete');
      const isGone = given !== true || (await isOver());
      assert.ok(isGone, `${name} returned true, and the database reported error ${errno}`);
    }
  }
});

test('one page needs one connection', async () => {
  const id = await newId();
  const { handler: page } = await another();
  const before = statements().length;
  await page.open('', 'MySession');
  await page.read(id);
  await page.gc(1440);
  await page.write(id, 'user|s:3:"Ann";');
  await page.destroy(id);
  await page.read(id);
  await page.close();
  const used = new Set(
    statements()
      .slice(before)
      .map(({ connection }) => connection),
  );
  assert.equal(`connections used by one page: ${used.size}`, 'connections used by one page: 1');
});

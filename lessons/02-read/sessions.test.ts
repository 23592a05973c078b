import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBench } from '#bench';

const { another, database, gate, handler, newId, statements, store, unawaited } = await openBench();
await handler.open('', 'MySession');

test('an unknown id reads as an empty string', async () => {
  await store(await newId(), 'name|s:3:"Ann";');
  for (const id of ['404', '']) assert.equal(await handler.read(id), '');
  const added = (await database.rows()).filter(({ id }) => String(id) === '404');
  assert.equal(added.length, 0, 'rows that Read has added');
});

test('a known id reads the exact bytes that were stored', async () => {
  for (const [what, data] of Object.entries({
    nothing: '',
    // The accent of Zoe is a character of its own.
    'odd characters': `  count|i:7;name|s:29:"Zoe\u0308 Zoë's|e;\r\n\\💾 100%_?";last|s:2:"  ";  `,
    'sixty thousand characters': `cart|s:60000:"${'x'.repeat(60_000)}";`,
  })) {
    const id = await newId();
    await store(id, data);
    const back = await handler.read(id);
    assert.equal(`${back.length} characters`, `${data.length} characters`, what);
    assert.equal(back, data, what);
  }
});

test('each id reads its own session', async () => {
  const [ann, bob] = [await newId(), await newId()];
  await store(ann, 'name|s:3:"Ann";');
  await store(bob, 'name|s:3:"Bob";');
  const before = statements().length;
  assert.equal(await handler.read(bob), 'name|s:3:"Bob";');
  assert.equal(await handler.read(ann), 'name|s:3:"Ann";');
  for (const { outcome, sql } of statements().slice(before)) {
    const rows = outcome?.kind === 'rows' ? outcome.rows : 0;
    assert.ok(rows <= 1, `to read one session, the class fetched ${rows} rows: ${sql}`);
  }
});

test('a session that another process has changed reads as changed', async () => {
  const id = await newId();
  await store(id, 'count|i:1;');
  assert.equal(await handler.read(id), 'count|i:1;');
  await database.query('UPDATE sessions SET d = ?', ['count|i:2;']);
  assert.equal(await handler.read(id), 'count|i:2;');
  await database.query('DELETE FROM sessions');
  assert.equal(await handler.read(id), '', 'after another process has deleted the row');
});

test('an id with quotes or wildcards in it reads as an empty string', async () => {
  await store(await newId(), 'name|s:3:"Ann";');
  for (const id of [
    ...["' OR '1'='1", '" OR ""="', '%', '_', "' OR 1=1 -- ", "'; SELECT '1", '\\'],
    // Every object has these as keys.
    ...['constructor', '__proto__'],
  ]) {
    assert.equal(await handler.read(id), '', `Read(${JSON.stringify(id)}) found a session`);
  }
});

test('a read that cannot be done rejects', async () => {
  const away = await another('mysql://nobody@127.0.0.1:1/nowhere');
  const id = await newId();
  await handler.read(id);
  await away.handler.open('', 'MySession').catch(() => {});
  await assert.rejects(away.handler.read(id), 'Read, while the database is away');
  const { handler: closed } = await another();
  await assert.rejects(closed.read(id), 'Read, before Open');
  const before = await database.connections();
  await database.withoutTable(() => assert.rejects(handler.read(id), 'Read, without its table'));
  const made = (await database.connections()) - before;
  assert.equal(`connections made: ${made}`, 'connections made: 0', 'by a Read that failed');
  await store(id, 'count|i:1;');
  const { handler: cut } = await another();
  const idle = await database.connections();
  await cut.open('', 'MySession');
  const asks = gate(1, /^\s*SELECT/i, { opens: 'by hand' });
  const read = cut.read(id).catch(() => 'rejected');
  await asks.reached(read);
  asks.cut();
  assert.notEqual(await read, '', 'the test cut the connection, and Read returned no session');
  const others = (await database.connections()) - idle;
  assert.equal(`others: ${others}`, 'others: 0', 'the test cut the connection of a Read');
  await cut.close().catch(() => {});
  const slow = await unawaited(() => handler.read(id));
  assert.deepEqual(slow, [], 'Read returned before the database had answered this');
});

test('page after page reads on the same connection', async () => {
  const { handler: page } = await another();
  const id = await newId();
  const counts = new Set<number>();
  for (let visit = 1; visit <= 5; visit += 1) {
    const closed = await database.connections();
    await page.open('', 'MySession');
    const before = statements().length;
    for (let read = 1; read <= 2; read += 1) await page.read(id);
    const used = new Set(
      statements()
        .slice(before)
        .map(({ connection }) => connection),
    );
    assert.equal(used.size, 1, 'connections that two reads of one page have used');
    const made = (await database.connections()) - closed;
    assert.ok(made <= 1, `one page has made ${made} connections`);
    await page.close();
    counts.add(await database.connections());
  }
  const [first] = counts;
  assert.equal(counts.size, 1, `connections after each of 5 pages: ${[...counts].join(', ')}`);
  assert.ok(first !== undefined);
});

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openBench } from '#bench';

const { another, database, gate, handler, newId, serve, silence, statements, store } =
  await openBench();
await handler.open('', 'MySession');
const server = await serve();
after(() => server.close());

/** A callback's result, or the message of its error. */
const answer = (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: Error) => `an error: ${error.message}`);

/** Returns whether two saves send their statements before either is answered. */
async function twoSaveAtOnce(): Promise<boolean> {
  const ids = [await newId(), await newId()];
  const saves = gate(2, /^\s*(INSERT|UPDATE|REPLACE)/i, { patience: 4000 });
  const saving = Promise.allSettled(ids.map((id) => handler.write(id, 'count|i:1;')));
  const haveMet = await saves.arrived;
  await saving;
  return haveMet;
}

test("one request's close leaves the other its session", async () => {
  const { handler: fresh } = await another();
  await handler.open('', 'MySession');
  const id = await newId();
  await store(id, 'user|s:3:"Bob";');
  await handler.open('', 'MySession');
  await handler.open('', 'MySession');
  assert.equal(await handler.close(), true);
  assert.equal(await answer(handler.read(id)), 'user|s:3:"Bob";');
  assert.equal(await answer(handler.write(id, 'user|s:3:"Bob";count|i:1;')), true);
  assert.equal(await handler.close(), true);
  await fresh.open('', 'MySession');
  await fresh.read(id);
  const closing = fresh.close();
  await fresh.open('', 'MySession');
  await closing;
  const read = await answer(fresh.read(id));
  assert.equal(read, 'user|s:3:"Bob";count|i:1;', 'of a request that opens while another closes');
  await fresh.close();
});

test('two requests are served at once', async () => {
  await handler.open('', 'MySession');
  const queries = gate(2, /^SELECT/i, { patience: 4000 });
  const pages = Promise.allSettled([server.request(), server.request()]);
  const met = await queries.arrived;
  await pages;
  assert.equal(met, true, 'the second query waited for the answer to the first');
  assert.equal(await twoSaveAtOnce(), true, 'the second save waited for the answer to the first');
});

test('request after request is served by the same few connections', async () => {
  const { handler: fresh } = await another();
  await handler.open('', 'MySession');
  const id = await newId();
  await store(id, 'count|i:1;');
  await handler.close();
  const before = statements().length;
  for (let round = 0; round < 20; round++) {
    await fresh.open('', 'MySession');
    await fresh.read(id);
    await fresh.close();
  }
  const used = (from: number): number =>
    new Set(
      statements()
        .slice(from)
        .map(({ connection }) => connection),
    ).size;
  const ofRequests = used(before);
  assert.ok(ofRequests <= 10, `20 requests one by one have used ${ofRequests} connections`);
  const beforePages = statements().length;
  for (let page = 0; page < 12; page++) await server.request();
  const ofPages = used(beforePages);
  assert.ok(ofPages <= 10, `12 pages one after the other have used ${ofPages} connections`);
  for (let round = 0; round < 20; round++) {
    await handler.open('', 'MySession');
    await handler.open('', 'MySession');
    assert.equal(await answer(handler.read(id)), 'count|i:1;');
    await handler.close();
    assert.equal(await answer(handler.read(id)), 'count|i:1;');
    await handler.close();
  }
  // A connection that one of them keeps is missing after ten rounds.
  for (let round = 0; round < 12; round++) {
    const another = await newId();
    await answer(handler.write(another, 'count|i:1;'));
    await answer(handler.destroy(another));
    // The visitor's cookie has outlived its row.
    await answer(handler.write(another, 'count|i:2;'));
    await answer(handler.destroy(''));
    await answer(handler.gc(86_400));
  }
  assert.equal(await answer(handler.read(id)), 'count|i:1;', 'after twelve sign-outs and sweeps');
  const connections = await database.connections();
  assert.ok(connections <= 10, `40 requests left ${connections} connections open`);
});

test('first visitors at the same moment share one pool', async () => {
  // Visitors who come a turn apart use each of the pools that an await in Open allows.
  for (const turns of [0, 1]) {
    const { handler: fresh } = await another();
    const before = await database.connections();
    const visits = Array.from({ length: 40 }, async (_, visitor) => {
      for (let turn = 0; turn < visitor * turns; turn += 1) await null;
      await fresh.open('', 'MySession');
      const answered = await answer(fresh.read('404'));
      await fresh.close();
      return answered;
    });
    assert.deepEqual([...new Set(await Promise.all(visits))], [''], 'what 40 requests read');
    const made = (await database.connections()) - before;
    assert.ok(made <= 10, `40 first requests at once left ${made} connections open`);
  }
});

test('ids that are made at the same moment differ', async () => {
  await handler.open('', 'MySession');
  const ids = await Promise.all(Array.from({ length: 20 }, () => newId()));
  assert.equal(`${new Set(ids).size} of 20 ids`, '20 of 20 ids');
  await handler.close();
});

test('what one request has read changes nothing that another one saves', async () => {
  await handler.open('', 'MySession');
  const [ann, bob] = [await newId(), await newId()];
  await store(ann, 'cart|i:1;');
  await store(bob, 'cart|i:2;');
  await handler.read(ann);
  await handler.read(bob);
  assert.equal(await answer(handler.write(ann, 'cart|i:2;')), true);
  assert.equal(await answer(handler.write(bob, 'cart|i:1;')), true);
  assert.equal(await handler.read(ann), 'cart|i:2;', "Ann's save");
  assert.equal(await handler.read(bob), 'cart|i:1;', "Bob's save");
  const reads = gate(1, /^\s*SELECT/i, { opens: 'by hand', holds: 'answer' });
  const early = answer(handler.read(ann));
  await reads.arrived;
  const late = handler.write(ann, 'cart|i:3;').then(() => handler.read(ann));
  await Promise.race([late, silence(4000)]);
  reads.open();
  await early;
  const joined = 'a read after the save got what an older read had found';
  assert.equal(await answer(late), 'cart|i:3;', joined);
  await handler.close();
});

test('pages at the same moment keep apart', async () => {
  const visit = async (cookie?: string, path = '/'): Promise<string> =>
    (await server.request(cookie === undefined ? { path } : { cookie, path })).body.trim();
  const [ann, bob] = [(await server.request()).cookie, (await server.request()).cookie];
  for (const count of [2, 3]) assert.equal(await visit(bob), `<p>Count: ${count}</p>`);
  const meet = async (path: string): Promise<string[]> => {
    const reads = gate(2, /^SELECT/i, { holds: 'answer', patience: 500 });
    const pages = await Promise.all([visit(ann, path), visit(bob)]);
    reads.open();
    return pages;
  };
  assert.deepEqual(await meet('/'), ['<p>Count: 2</p>', '<p>Count: 4</p>'], 'both at once');
  assert.deepEqual(await meet('/'), ['<p>Count: 3</p>', '<p>Count: 5</p>'], 'both once more');
  await meet('/logout');
  assert.equal(await visit(bob), '<p>Count: 7</p>', "after Ann's sign-out and a visit of Bob's");
  assert.equal(await visit(ann), '<p>Count: 1</p>', "after Ann's sign-out");
  const elsewhere = await (await another()).serve();
  const { cookie } = await elsewhere.request({ path: '/login?user=carol' });
  const reads = gate(1, /^\s*SELECT(?!.*LOCK)/i, { opens: 'by hand' });
  const page = elsewhere.request({ cookie });
  await reads.reached(page);
  reads.cut();
  await page;
  const { body } = await elsewhere.request({ cookie, path: '/whoami' });
  assert.match(body, /carol/, 'a page could not read her session, and has saved an empty one');
});

test('saves at the same moment keep apart', async () => {
  await handler.open('', 'MySession');
  const ids = await Promise.all(Array.from({ length: 20 }, () => newId()));
  const before = statements().length;
  const saves = ids.map((id, visitor) => answer(handler.write(id, `visitor|i:${visitor};`)));
  assert.deepEqual(
    await Promise.all(saves),
    ids.map(() => true),
  );
  const open = new Set<unknown>();
  for (const { connection, sql } of statements().slice(before)) {
    if (/^\s*(BEGIN|START)\b/i.test(sql)) {
      assert.ok(!open.has(connection), 'two saves have a transaction on one connection');
      open.add(connection);
    } else if (/^\s*(COMMIT|ROLLBACK)\b/i.test(sql)) open.delete(connection);
  }
  await handler.close();
  for (const [visitor, id] of ids.entries()) {
    await handler.open('', 'MySession');
    assert.equal(await handler.read(id), `visitor|i:${visitor};`);
    await handler.close();
  }
  await handler.open('', 'MySession');
  await Promise.all(ids.map((id) => answer(handler.destroy(id))));
  for (const id of ids) assert.equal(await handler.read(id), '', 'a sign-out at the same moment');
  // A later lesson saves nothing under an id without a row.
  const again = ids.map((id, visitor) => answer(handler.write(id, `again|i:${visitor};`)));
  for (const [visitor, isSaved] of (await Promise.all(again)).entries()) {
    if (isSaved !== true) continue;
    assert.equal(await handler.read(ids[visitor] ?? ''), `again|i:${visitor};`, 'a new row');
  }
  await handler.close();
  assert.equal(await twoSaveAtOnce(), true, 'saves at the same moment kept their connections');
});

test('requests that fail give their connections back', async () => {
  const before = await database.connections();
  await handler.open('', 'MySession');
  const [id, ended] = [await newId(), await newId()];
  await store(id, 'count|i:77;');
  await store(ended, 'count|i:78;');
  const waits = 'one still waits after 4 seconds';
  const soon = (call: Promise<unknown>) => Promise.race([answer(call), silence(4000, waits)]);
  const failAll = async (): Promise<unknown> => {
    for (let request = 1; request <= 12; request += 1) {
      for (const call of [
        () => handler.read(id),
        () => handler.write(id, 'count|i:2;'),
        () => handler.gc(1440),
        () => handler.destroy(id),
        () => handler.create_sid(),
      ]) {
        if ((await soon(call())) === waits) return waits;
      }
    }
    return 'all have ended';
  };
  const failed = await database.withoutTable(failAll);
  assert.equal(failed, 'all have ended', 'while the test had taken the table away for 12 requests');
  const served = await soon(handler.read(id));
  assert.equal(served, 'count|i:77;', 'after the test had taken the table away for 12 requests');
  const gone = await newId();
  await handler.destroy(gone);
  for (let request = 1; request <= 12; request += 1) {
    // Only the statement that saves fails: the data does not fit into the column.
    for (const each of [id, gone]) {
      const saved = await soon(handler.write(each, `cart|s:69983:"${'x'.repeat(69_983)}";`));
      assert.notEqual(saved, waits, 'after 12 saves of data that does not fit');
    }
  }
  assert.notEqual(await soon(handler.read(id)), waits, 'after 24 saves of data that does not fit');
  const seen = async (): Promise<string[]> => (await database.rows()).map(({ d }) => String(d));
  await handler.destroy(ended);
  const isKept = (await seen()).includes('count|i:78;');
  assert.ok(!isKept, 'a failed request has left its transaction open: a sign-out is not seen');
  for (let save = 1; save <= 12; save += 1) {
    await handler.write(id, `count|i:${save};`);
    const isSeen = (await seen()).includes(`count|i:${save};`);
    assert.ok(isSeen, 'a failed request has left its transaction open: a save is seen by no other');
  }
  await handler.destroy(id);
  const isLeft = (await seen()).includes('count|i:12;');
  assert.ok(!isLeft, 'a failed request has left its transaction open');
  const made = (await database.connections()) - before;
  assert.ok(made <= 10, `requests that failed left ${made} more connections open`);
  await handler.close();
});

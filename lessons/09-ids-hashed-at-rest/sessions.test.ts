import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBench } from '#bench';

const { database, handler, newId, statements, store } = await openBench();
await handler.open('', 'MySession');

test('what stands in the table opens no session', async () => {
  const id = await newId();
  await store(id, 'user|s:3:"Ann";');
  const cells = (await database.rows()).flatMap((row) => Object.values(row));
  for (const cell of cells) {
    const bytes = Buffer.isBuffer(cell) ? cell : Buffer.from(String(cell));
    for (const encoding of ['latin1', 'hex', 'base64', 'base64url'] as const) {
      const guess = bytes.toString(encoding);
      assert.equal(await handler.read(guess), '', `${encoding} of a column opened a session`);
    }
  }
  assert.equal(await handler.read(id), 'user|s:3:"Ann";');
});

test('the database is never told an id', async () => {
  const id = await newId();
  await handler.write(id, 'count|i:1;');
  await handler.write(id, 'count|i:2;');
  await handler.read(id);
  await handler.destroy(id);
  for (const { sql, values } of statements()) {
    const told = [sql, ...values].map((value) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value),
    );
    assert.ok(!told.some((text) => text.includes(id)), `the id is in a statement: ${sql}`);
  }
});

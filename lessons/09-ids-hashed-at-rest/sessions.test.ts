import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { mock, test } from 'node:test';
import { openBench } from '#bench';

const { database, handler, newId, statements, store } = await openBench();
await handler.open('', 'MySession');

test('no value in the table opens a session', async () => {
  const id = await newId();
  await store(id, 'user|s:3:"Ann";');
  for (const { id: key } of await database.rows()) {
    const { length } = Buffer.from(key as Buffer);
    assert.ok(length >= 16, `a key of ${length} bytes is too short to be unique`);
  }
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

/** A new id, and the random bytes it was made from, which are as secret as the id. */
async function drawId(): Promise<{ id: string; drawn: string[] }> {
  const drawn: string[] = [];
  const { randomBytes } = crypto;
  const recorder = mock.method(crypto, 'randomBytes', (size: number) => {
    const bytes = randomBytes(size);
    drawn.push(bytes.toString('latin1'));
    return bytes;
  });
  syncBuiltinESMExports();
  const id = await newId();
  recorder.mock.restore();
  syncBuiltinESMExports();
  return { id, drawn };
}

test('the database is never told an id', async () => {
  const { id, drawn } = await drawId();
  await handler.write(id, 'count|i:1;');
  await handler.write(id, 'count|i:2;');
  await handler.read(id);
  await handler.destroy(id);
  for (const { sql, values } of statements()) {
    const told = [sql, ...values].map((value) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value),
    );
    for (const secret of [id, ...drawn]) {
      assert.ok(!told.some((text) => text.includes(secret)), `the id is in a statement: ${sql}`);
    }
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBench } from '#bench';

const { clock, database, handler, newId, statements } = await openBench();
await handler.open('', 'MySession');

const updated = async (): Promise<number[]> =>
  (await database.rows()).map((row) => Number(row['updated']));

test('the later of two times stays, whichever request comes last', async () => {
  await database.query('DELETE FROM sessions');
  clock.set(1_800_000_000);
  const id = await newId();
  await handler.write(id, 'count|i:1;');
  clock.advance(-60);
  assert.equal(await handler.write(id, 'count|i:2;'), true);
  assert.deepEqual(
    await updated(),
    [1_800_000_000],
    'a server whose clock is 60 s behind has saved',
  );
  clock.advance(120);
  await handler.write(id, 'count|i:3;');
  assert.deepEqual(await updated(), [1_800_000_060], 'a later save');
});

test('the data of the last request is saved, whatever its time', async () => {
  clock.set(1_800_000_000);
  const id = await newId();
  await handler.write(id, 'count|i:1;');
  clock.advance(-60);
  await handler.write(id, 'count|i:2;');
  assert.equal(await handler.read(id), 'count|i:2;');
});

test('a save is still one statement', async () => {
  const id = await newId();
  const before = statements().length;
  await handler.write(id, 'count|i:1;');
  await handler.write(id, 'count|i:2;');
  assert.equal(statements().length - before, 2);
});

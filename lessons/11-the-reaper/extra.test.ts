import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBench } from '#bench';

const { clock, database, handler, newId } = await openBench();
await handler.open('', 'MySession');
// The exercise's column: when a session was saved for the first time.
await database.query('ALTER TABLE sessions ADD COLUMN started int');

/** Twelve hours. */
const limit = 43_200;

/** A visitor who comes every thousand seconds, for as long as this. */
async function visitFor(id: string, seconds: number): Promise<void> {
  for (let past = 0; past < seconds; past += 1000) {
    clock.advance(Math.min(1000, seconds - past));
    await handler.write(id, 'user|s:3:"Ann";');
  }
}

test('a busy session lives for twelve hours', async () => {
  clock.set(1_700_000_000);
  const id = await newId();
  await handler.write(id, 'user|s:3:"Ann";');
  await visitFor(id, limit);
  assert.equal(await handler.read(id), 'user|s:3:"Ann";');
});

test('a busy session is over after twelve hours', async () => {
  clock.set(1_700_000_000);
  const id = await newId();
  await handler.write(id, 'user|s:3:"Ann";');
  await visitFor(id, limit + 1);
  assert.equal(await handler.read(id), '', 'twelve hours and a second after its first save');
  await handler.write(id, 'user|s:3:"Ann";');
  assert.equal(await handler.read(id), '', 'a save has begun it anew');
});

test('a session that is not used is over as early as before', async () => {
  clock.set(1_700_000_000);
  const id = await newId();
  await handler.write(id, 'user|s:3:"Ann";');
  clock.advance(1441);
  assert.equal(await handler.read(id), '');
});

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { after, mock, test } from 'node:test';
import { openBench } from '#bench';

const { clock, handler, newId, serve } = await openBench();
await handler.open('', 'MySession');
const server = await serve();
after(() => server.close());

/** The fraction of positions at which two ids have the same character. */
function likeness(one: string, other: string): number {
  const letters = [...one];
  return letters.filter((letter, place) => letter === other[place]).length / letters.length;
}

/** The number of random bytes that a new id is made from, whatever their source. */
async function drawnBytes(): Promise<number> {
  let drawn = 0;
  const { randomBytes } = crypto;
  const getRandomValues = crypto.webcrypto.getRandomValues.bind(crypto.webcrypto);
  mock.method(crypto, 'randomBytes', (size: number) => {
    drawn += size;
    return randomBytes(size);
  });
  mock.method(globalThis.crypto, 'getRandomValues', (bytes: Uint8Array<ArrayBuffer>) => {
    drawn += bytes.byteLength;
    return getRandomValues(bytes);
  });
  syncBuiltinESMExports();
  await newId();
  mock.restoreAll();
  syncBuiltinESMExports();
  return drawn;
}

test('an id says nothing about the next one', async () => {
  // The clock and Math.random are fixed, so an id made from them does not vary.
  clock.set(1_800_000_000);
  const random = mock.method(Math, 'random', () => 0.5);
  const ids: string[] = [];
  for (let drawn = 0; drawn < 100; drawn++) ids.push(await newId());
  random.mock.restore();
  assert.equal(new Set(ids).size, 100, 'with the clock and Math.random at rest, ids repeat');
  for (const [index, id] of ids.entries()) {
    const before = ids[index - 1] ?? '';
    assert.ok(id.length >= 43, `${id} is too short for 32 random bytes`);
    assert.ok(likeness(id, before) < 1 / 3, `after ${before} came ${id}`);
  }
  const drawn = await drawnBytes();
  assert.ok(
    drawn >= 32,
    `an id of ${ids[0]?.length} characters was made from ${drawn} random bytes`,
  );
});

test('counting on from your own id opens no session', async () => {
  const { cookie: ann } = await server.request({ path: '/login?user=ann' });
  const { cookie: mallory } = await server.request();
  assert.match((await server.request({ path: '/whoami', cookie: ann })).body, /ann/);
  const [name = '', own = ''] = mallory.split('=');
  for (const digits of new Set(own.match(/[0-9]+/g))) {
    for (const step of [-2, -1, 1, 2]) {
      const guess = own.replace(digits, String(Number(digits) + step));
      const { body } = await server.request({ path: '/whoami', cookie: `${name}=${guess}` });
      assert.match(body, /Nobody/, `${own} leads to ${guess}`);
    }
  }
});

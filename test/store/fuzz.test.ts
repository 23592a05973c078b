/** A share of `npm run fuzz -- store`, which spoils a million. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SessionUnreadable } from '../../src/store/errors.ts';
import { Payload } from '../../src/store/payload/payload.ts';
import { spoilStore } from '../../src/workshop/fuzz/store.ts';

test('spoiled cookies, rows and envelopes crash nothing, revive nothing and touch no prototype', async (context) => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
  context.diagnostic(`seed ${seed}; again with SEED=${seed}`);
  const tallies = await spoilStore(seed, 12_000);
  for (const { kind, refused, taken } of tallies) {
    assert.ok(refused > 1000 && taken > 50, `${kind}: ${refused} refused, ${taken} taken`);
  }
});

test('an array whose key PHP does not have is unreadable', () => {
  for (const key of ['N;', 'b:1;', 'd:1.5;', 'a:0:{}', 'R:1;']) {
    assert.throws(
      () => new Payload(Buffer.from(`a:1:{${key}i:1;}`), 'php_serialize'),
      SessionUnreadable,
      key,
    );
  }
});

/** Columns that the application fills. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SessionsOptions } from '../../src/store/options.ts';
import { createSessions } from '../../src/store/store.ts';
import { newStore, poolOf, query, schema, secrets, storeOn } from './fixture.ts';

interface Shop {
  cart: string[];
  ip: string;
}

const pool = poolOf(schema.url);
await query('CREATE TABLE shop LIKE sessions');
await query('ALTER TABLE shop ADD items INT NULL, ADD ip VARBINARY(45) NULL, ADD owner TEXT NULL');
const sessions = createSessions<Shop>({
  ...{ pool, secrets, gc: false, table: 'shop' },
  extra: {
    items: ({ data }) => data.cart?.length,
    ip: ({ data }) => data.ip,
    owner: ({ user, label }) => `${user ?? 'guest'} ${label ?? ''}`,
  },
});

async function rows(): Promise<unknown[]> {
  const found = await query(
    'SELECT items,CAST(ip AS CHAR) AS ip,owner FROM shop WHERE next IS NULL',
  );
  return found.map((row) => ({ ...row }));
}

test('each save fills the columns, those that are merged and renewed included', async () => {
  await using session = await sessions.start(undefined);
  session.data.cart = ['tea'];
  await session.save();
  assert.deepEqual(await rows(), [{ items: 1, ip: null, owner: 'guest ' }]);
  await using other = await sessions.start(session.id);
  other.data.ip = '::1';
  await other.save();
  session.data.cart.push('milk');
  assert.equal(await session.save(), 'merged');
  assert.deepEqual(await rows(), [{ items: 2, ip: '::1', owner: 'guest ' }]);
  await session.renew({ user: '42', label: 'Firefox' });
  assert.deepEqual(await rows(), [{ items: 2, ip: '::1', owner: '42 Firefox' }]);
});

test("a user's list shows them, and the data has none of them", async () => {
  const [listed] = await sessions.of('42').list();
  assert.equal(listed?.extra['items'], 2);
  assert.equal(listed?.extra['owner'], '42 Firefox');
  for await (const { data } of sessions.all()) assert.doesNotMatch(data.toString(), /items|owner/);
});

test('the columns of a list are those of the option, for the compiler as well', async () => {
  const named = createSessions<Shop, 'items'>({
    ...{ pool, secrets, gc: false, table: 'shop' },
    extra: { items: ({ data }) => data.cart?.length },
  });
  const [listed] = await named.of('42').list();
  assert.equal(listed?.extra.items, 2);
  // @ts-expect-error there is no such column
  assert.equal(listed?.extra.itmes, undefined);
  // @ts-expect-error the type names a column, and the option must fill it
  const extra: SessionsOptions<Shop, 'items'>['extra'] = {};
  assert.ok(extra);
});

test('changes of the view are not saved, and an error of a function fails the save', async () => {
  let message = '';
  const strict = createSessions<Shop>({
    ...{ pool, secrets, gc: false, table: 'shop' },
    extra: {
      items: ({ data }) => {
        if (message) throw new Error(message);
        Reflect.set(data, 'cart', ['other']);
        return 0;
      },
    },
  });
  await using session = await strict.start(undefined);
  session.data.cart = ['tea'];
  await session.save();
  assert.deepEqual((await sessions.start(session.id)).data.cart, ['tea']);
  message = 'no such column';
  session.data.ip = '::2';
  await assert.rejects(session.save(), /no such column/);
  await session.destroy();
});

test('saves at once are all there', async () => {
  await using session = await sessions.start(undefined);
  session.data.cart = [];
  await session.save();
  await Promise.all(
    Array.from({ length: 12 }, async (_, at) => {
      await using each = await sessions.start(session.id);
      each.update('cart', (cart = []) => [...cart, String(at)]);
      await each.save();
    }),
  );
  const [row] = await query('SELECT MAX(items) AS n FROM shop');
  assert.equal(row?.['n'], 12);
  assert.equal(await sessions.gc(), 0);
});

test('a column that is missing is named, with the remedy, and is found once it is added', async () => {
  const missing = storeOn(pool, { table: 'shop', extra: { none: () => 1 } });
  await assert.rejects(missing.ready(), /has no column "none": .*add columns of `extra`/);
  await query('ALTER TABLE shop ADD COLUMN none INT NULL');
  await missing.ready();
});

test('the types refuse other values, and know the data', () => {
  const url = 'mysql://localhost/app';
  createSessions<Shop>({
    ...{ url, secrets },
    extra: {
      // @ts-expect-error the value may be missing
      items: ({ data }) => data.cart.length,
      // @ts-expect-error no value of a column
      when: () => new Date(),
      // @ts-expect-error no such key
      name: ({ data }) => data.name,
    },
  }).close();
  // @ts-expect-error the keys are missing
  assert.throws(() => newStore({ seal: {} }));
});

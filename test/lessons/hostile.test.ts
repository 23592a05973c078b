/** Hostile ids, lifetimes and data: each class keeps its promises from their lesson onward. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { createConnection } from 'mysql2/promise';
import type { Bench } from '../../src/workshop/bench/bench.ts';
import { classesFrom, ownServer, tableOf, withClass } from './classes.ts';

const ann = 'user|s:3:"Ann";';
const megabyte = 1_048_576;

/** A separate server, since this file changes its settings. */
const server = await ownServer();

/** Turns a setting for every connection that is made while `body` runs. */
async function withSetting(
  name: string,
  value: string | number,
  body: () => Promise<void>,
): Promise<void> {
  const connection = await createConnection(server.url);
  try {
    const [rows] = await connection.query(`SELECT @@GLOBAL.${name} AS value`);
    const [{ value: usual }] = rows as [{ value: string | number }];
    await connection.query(`SET GLOBAL ${name} = ?`, [value]);
    try {
      await body();
    } finally {
      await connection.query(`SET GLOBAL ${name} = ?`, [usual]);
    }
  } finally {
    await connection.end();
  }
}

/** A callback's result, or the error it throws. */
const answer = (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: unknown) => error);

/** Every byte, as Node gives a header's bytes and as text. */
const characters = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));

/** Ids that are not this one, however much they look like it. */
function strangersOf(id: string): string[] {
  const accents: Record<string, string> = { a: 'á', e: 'é', A: 'Å', E: 'É', o: 'ö', O: 'Ö' };
  const accented = id.replace(/[aeoAEO]/, (letter) => accents[letter] ?? letter);
  return [
    ...characters.filter((each) => !/[0-9]/.test(each)).map((each) => id + each),
    ...characters.filter((each) => !/[0-9A-Za-z_-]/.test(each)).map((each) => each + id.slice(1)),
    ...characters.filter((each) => !/[1-9]/.test(each)),
    ...['', `${id}\0${id}`, `${id}   `, `\uFEFF${id}`, `${id.normalize('NFD')}\u0301`],
    ...[accented, `${id}' OR '1'='1`, `${id}';DROP TABLE sessions;--`, `${id}/**/`],
    ...['%', '_'.repeat(id.length + 1), `${id}\u{1F600}`, '\uD800', `${id}\uDC00`, '__proto__'],
    ...['x'.repeat(megabyte), id + ' '.repeat(megabyte), '9'.repeat(megabyte), `${id},${id}`],
  ].filter((each) => each !== id);
}

/** The id in the other case: shaped like one of ours, and not ours. */
const swapCase = (id: string): string =>
  id.replace(/[a-z]/gi, (letter) =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
  );

async function keepsToItsOwn({ database, handler, newId, store }: Bench): Promise<void> {
  const id = await newId();
  await store(id, ann);
  const rows = await database.rows();
  for (const stranger of strangersOf(id)) {
    const shown = inspect(stranger.slice(0, 80));
    assert.equal(await answer(handler.read(stranger)), '', `read ${shown}`);
    assert.equal(await answer(handler.write(stranger, 'evil|i:1;')), false, `write ${shown}`);
    assert.equal(await answer(handler.destroy(stranger)), true, `destroy ${shown}`);
  }
  if (swapCase(id) !== id) {
    assert.equal(await answer(handler.read(swapCase(id))), '', 'another case');
    assert.equal(await answer(handler.destroy(swapCase(id))), true, 'another case');
  }
  assert.deepEqual(await database.rows(), rows, 'a row was touched');
  assert.equal(await handler.read(id), ann);
}

for (const { number, title } of classesFrom(7)) {
  test(`an id that is not the live one reaches no row: ${number}, ${title}`, () =>
    withClass(number, keepsToItsOwn));
}

const lifetimes: unknown[] = [
  ...[-1, -0.5, 0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 53],
  ...[
    '1440',
    '-10',
    '',
    '0 OR 1=1',
    '1440; DROP TABLE sessions',
    1440n,
    -1n,
    true,
    null,
    undefined,
  ],
  ...[[], [1440], {}, { valueOf: () => -1 }, new Date(), Symbol('1440')],
];

for (const { number, title } of classesFrom(11)) {
  test(`an invalid lifetime deletes nothing: ${number}, ${title}`, () =>
    withClass(number, async ({ clock, database, handler, newId, serve, store }) => {
      clock.set(1_800_000_000);
      const id = await newId();
      await store(id, ann);
      const rows = await database.rows();
      for (const life of lifetimes) {
        const error = await answer(handler.gc(life as number));
        assert.ok(error instanceof TypeError, `gc(${inspect(life)}) answered ${inspect(error)}`);
        assert.match(error.message, /max_life must be whole seconds, 0 or more; got /);
      }
      for (const life of [1, 1440, 2 ** 31, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
        assert.equal(await answer(handler.gc(life)), true, `gc(${life})`);
      }
      // The same by way of php.ini, where PHP itself takes any number.
      for (const life of ['-10', '99999999999']) {
        const settings = { 'session.gc_maxlifetime': life, 'session.gc_probability': '100' };
        await (await serve({ settings })).request();
      }
      const left = (await database.rows()).map(({ d }) => String(d));
      assert.ok(left.includes(ann), 'the session was collected');
      assert.ok(left.length >= rows.length);
    }));
}

/** Data that some column, character set or server setting changes on its way. */
const bodies: Uint8Array[] = [
  Buffer.from(''),
  Buffer.from('name|s:6:"\u{1F600}é";'),
  Buffer.from(characters.join(''), 'latin1'),
  Buffer.from([0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80, 0xf5, 0x22, 0x5c, 0x27, 0x00, 0x1a]),
  Buffer.from('trailing blanks   '),
  Buffer.alloc(65_536, 0x41),
  Buffer.alloc(megabyte, 0xf0),
];

async function keepsBodies({ database, handler, newId }: Bench): Promise<void> {
  for (const body of bodies) {
    const id = await newId();
    assert.equal(await answer(handler.write(id, body)), true, `${body.length} bytes`);
    assert.ok(Buffer.from(body).equals(await handler.readBytes(id)), `${body.length} bytes`);
  }
  const id = await newId();
  const rows = await database.rows();
  for (const body of ['x'.repeat(megabyte + 1), '\u{1F600}'.repeat(megabyte / 4 + 1)]) {
    const error = await answer(handler.write(id, body));
    assert.equal((error as Error).name, 'SessionTooLarge');
    assert.equal(await handler.read(id), '', 'half of it was saved');
  }
  const huge = await answer(handler.write(id, Buffer.alloc(2 ** 24 + 1)));
  assert.match(String(huge), /16777217 bytes.*1048576/);
  assert.deepEqual(await database.rows(), rows);
}

for (const mode of ['STRICT_TRANS_TABLES', 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES', '']) {
  for (const charset of ['utf8mb4', 'latin1']) {
    test(`any bytes come back, with sql_mode '${mode}' and tables of ${charset}`, () =>
      withSetting('sql_mode', mode, () =>
        withSetting('character_set_server', charset, async () => {
          for (const { number } of classesFrom(12)) {
            const table = `ALTER DATABASE CHARACTER SET ${charset}; ${tableOf(number)}`;
            await withClass(number, keepsBodies, table);
          }
        }),
      ));
  }
}

test('data that the server rejects gives a clear error, and the saved session stays', () =>
  withSetting('max_allowed_packet', 65_536, async () => {
    for (const { number } of classesFrom(12)) {
      await withClass(number, async ({ handler, newId, store }) => {
        const id = await newId();
        await store(id, ann);
        const error = await answer(handler.write(id, 'x'.repeat(200_000)));
        assert.ok(error instanceof Error, 'it was taken, or said so');
        assert.match(error.message, /max_allowed_packet|Connection lost|ECONNRESET|EPIPE/);
        assert.ok(!inspect(error).includes(id), 'the error contains the id');
        // The server then closes the connection; the next query on it may fail.
        const next = await answer(handler.read(id));
        if (next !== ann) assert.match(String(next), /Connection lost|ECONNRESET|closed state/);
        assert.equal(await handler.read(id), ann);
        assert.equal(await handler.write(id, 'small|b:1;'), true);
      });
    }
  }));

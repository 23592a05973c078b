import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBench } from '#bench';

const { database, handler, newId, statements, store } = await openBench();
await handler.open('', 'MySession');

/** Every byte that is in no id of any lesson, as a character. */
const characters = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).filter(
  (character) => !/[0-9A-Za-z_-]/.test(character),
);

/** Spellings that some comparison treats as equal: by number, accent or padding. */
function lookalikes(id: string): string[] {
  return [
    ...characters.flatMap((character) => [id + character, character + id.slice(1)]),
    ...[
      `${id}abc`,
      `${id} `,
      ` ${id}`,
      `0${id}`,
      `+${id}`,
      `${id}.0`,
      `${id}.5`,
      `${id}e0`,
      `${id}'`,
    ],
    ...[`${id}\n`, `${id}\n<script>`, `${id}\0`, `${id}\u0301`, `${id}${' '.repeat(100)}`],
    // To a pattern that ignores case they are an s and a k.
    ...[`${id.slice(0, -1)}\u017F`, `${id.slice(0, -1)}\u212A`],
    ...[`${id} OR 1=1`, `0x${Number(id).toString(16)}`, `${id}${'x'.repeat(1_000_000)}`],
  ];
}

/** Ids of no lesson. */
const others = [
  '',
  'deadbeef',
  '9'.repeat(11),
  '9'.repeat(100),
  "' OR '1'='1",
  '%',
  'café',
  '-1',
  '0',
  '1.5',
  '1e9',
  // Numbers that turn into the same text.
  '1e+21',
  'Infinity',
  'NaN',
  '0123456789',
  // Digits to a pattern for all scripts, and to no database.
  '\u0663',
  '\uFF11\uFF12',
];

/** The id with upper and lower case swapped. */
const swapCase = (id: string): string =>
  id.replace(/[a-z]/gi, (letter) =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
  );

/** An id as a failed test shows it. */
const short = (id: string): string => JSON.stringify(id.slice(0, 400));

test('only the identical id reads a session', async () => {
  const id = await newId();
  await store(id, 'user|s:3:"Ann";');
  for (const other of [...lookalikes(id), swapCase(id)]) {
    if (other === id) continue;
    const answer = await handler.read(other).catch((error: Error) => error.message);
    assert.equal(answer, '', `${short(other)} was looked up`);
  }
  assert.equal(await handler.read(id), 'user|s:3:"Ann";');
  // A table that counts, which later lessons do without, arrives at ten digits some day.
  await database.query('ALTER TABLE session_numbers AUTO_INCREMENT = 2000000000').catch(() => {});
  const late = await newId();
  assert.equal(await handler.write(late, 'user|s:3:"Bob";'), true, `Write(${short(late)})`);
  assert.equal(await handler.read(late), 'user|s:3:"Bob";', `Read(${short(late)})`);
});

test('nothing but an id is ever written', async () => {
  const id = await newId();
  await store(id, 'user|s:3:"Ann";');
  const before = (await database.rows()).length;
  for (const other of [...lookalikes(id), ...others]) {
    const answer = await handler.write(other, 'user|s:7:"Mallory";').catch(String);
    assert.equal(answer, false, `Write(${short(other)}), which is not an id`);
    await handler.destroy(other);
  }
  assert.equal((await database.rows()).length, before);
  assert.equal(await handler.read(id), 'user|s:3:"Ann";');
});

test('only an id reaches the database', async () => {
  const id = await newId();
  await store(id, 'user|s:3:"Ann";');
  await handler.close();
  const calls = {
    Read: (other: string) => handler.read(other),
    Write: (other: string) => handler.write(other, 'user|s:7:"Mallory";'),
    Destroy: (other: string) => handler.destroy(other),
  };
  for (const [name, call] of Object.entries(calls)) {
    for (const other of [`${id}abc`, ` ${id}`, `0${id}`, ...others]) {
      const before = statements().length;
      await call(other).catch(() => {});
      const sent = statements()
        .slice(before)
        .map(({ sql }) => sql);
      assert.deepEqual(sent, [], `${name} asked the database about ${short(other)}`);
    }
  }
});

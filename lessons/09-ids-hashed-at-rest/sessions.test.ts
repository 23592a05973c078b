import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBench } from '#bench';

const {
  another,
  clock,
  database,
  handler,
  newId,
  overhear,
  recordDraws,
  serve,
  silence,
  statements,
  store,
} = await openBench();
await handler.open('', 'MySession');

test('no value in the table opens a session', async () => {
  const id = await newId();
  await store(id, 'user|s:3:"Ann";');
  for (const { id: key } of await database.rows()) {
    const { length } = Buffer.from(key as Buffer);
    assert.ok(!/^[0-9a-f]+$/i.test(String(key)), `a key of ${length} hexadecimal digits`);
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

/** The pieces of an id that leave little to guess, and notations of its text and of its bytes. */
function secretsOf(id: string): string[] {
  const pieces = Array.from({ length: id.length - 11 }, (_, at) => id.slice(at, at + 12));
  const notations = ['hex', 'base64', 'base64url'] as const;
  const spelt = [Buffer.from(id), Buffer.from(id, 'base64url')].flatMap((bytes) =>
    // The end of a text in base64 depends on what follows it.
    notations.map((notation) => bytes.toString(notation).slice(0, 32)),
  );
  const dumps = [Buffer.from(id), Buffer.from(id, 'base64url')].flatMap((bytes) => {
    const start = [...bytes.subarray(0, 6)];
    const digits = start.map((byte) => byte.toString(16).padStart(2, '0'));
    // As Node shows a Buffer and an array, and as JSON.
    return [digits.join(' '), start.join(', '), start.join(',')];
  });
  return [...pieces, ...spelt, ...dumps];
}

test('the database is never told an id', async () => {
  // The random bytes that an id is made of are as secret as the id.
  const { result: id, bytes } = await recordDraws(() => newId());
  const drawn = bytes.map((each) => each.toString('latin1'));
  await handler.read(id);
  await handler.write(id, 'count|i:1;');
  await handler.write(id, 'count|i:2;');
  await handler.read(id);
  await handler.destroy(id);
  await handler.read(id);
  for (const { sql, values } of statements()) {
    const told = [sql, ...values].map((value) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value),
    );
    for (const secret of [...secretsOf(id), ...drawn]) {
      const isTold = told.some((text) => text.includes(secret));
      assert.ok(!isTold, `the id, or a part of it, is in a statement: ${sql}`);
    }
  }
});

/** The row's key for an id; undefined when the class does not take it for one of its own. */
async function keyOf(id: string): Promise<Buffer | undefined> {
  // A later lesson saves only under ids that it has issued.
  if (!(await handler.write(id, 'count|i:1;').catch(() => false))) return undefined;
  const [row] = await database.rows();
  return row && Buffer.from(row['id'] as Buffer);
}

/** The number of bits in which two keys differ. */
function difference(one: Buffer, other: Buffer): number {
  const bits = [...one].map((byte, place) => (byte ^ (other[place] ?? 0)).toString(2));
  return bits.join('').replaceAll('0', '').length;
}

test('ids that differ in one character have unrelated keys', async () => {
  await database.query('DELETE FROM sessions');
  const id = await newId();
  const key = await keyOf(id);
  assert.ok(key !== undefined, 'a new id was refused');
  const parts = Array.from({ length: key.length / 8 }, (_, part) =>
    key.toString('hex', part * 8, part * 8 + 8),
  );
  assert.equal(new Set(parts).size, parts.length, `the key repeats itself: ${parts.join(' ')}`);
  clock.advance(86_400);
  await database.query('DELETE FROM sessions');
  assert.deepEqual((await keyOf(id)) ?? key, key, 'a day later the id has another key');
  // Without its signs an id may look like another one.
  const [dash, line] = ['-', '_'].map((sign) => `${id.slice(0, 9)}${sign}${id.slice(10)}`);
  await database.query('DELETE FROM sessions');
  const dashKey = await keyOf(dash ?? '');
  await database.query('DELETE FROM sessions');
  if (dashKey) assert.notDeepEqual(await keyOf(line ?? ''), dashKey, 'of ids with - and _');
  for (const place of [0, 21, id.length - 1]) {
    const other = id.slice(0, place) + (id[place] === 'A' ? 'B' : 'A') + id.slice(place + 1);
    await database.query('DELETE FROM sessions');
    const otherKey = await keyOf(other);
    if (otherKey === undefined) continue;
    const share = difference(key, otherKey) / (key.length * 8);
    const where = `character ${place + 1} of ${id.length} was changed`;
    assert.ok(
      share > 0.3 && share < 0.7,
      `${where}: ${Math.round(share * 100)} % of the bits differ`,
    );
    for (let start = 0; start < key.length; start += 8) {
      const [part, otherPart] = [key, otherKey].map((each) => each.subarray(start, start + 8));
      assert.notDeepEqual(part, otherPart, `${where}: bytes ${start} to ${start + 7} are the same`);
    }
  }
});

test('an id with another last character opens nothing', async () => {
  const id = await newId();
  await store(id, 'user|s:3:"Ann";');
  for (const last of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
    if (id.endsWith(last)) continue;
    assert.equal(await handler.read(id.slice(0, -1) + last), '', `${last} as the last character`);
  }
});

test('no error and no log contains an id', async () => {
  let id = '';
  const making = await overhear(async () => {
    id = await newId();
  });
  const secrets = secretsOf(id).map((secret) => secret.toLowerCase());
  const says = (text: string): boolean => {
    // Numbers in columns have blanks between them.
    const heard = text.toLowerCase().replace(/ +/g, ' ');
    return secrets.some((secret) => heard.includes(secret));
  };
  assert.ok(!says(making), 'createId said the id, or a part of it');
  const storing = await overhear(() => store(id, 'count|i:1;'));
  assert.ok(!says(storing), 'Write said the id, or a part of it, of a new session');
  const calls = {
    Read: () => handler.read(id),
    Write: () => handler.write(id, 'count|i:2;'),
    Destroy: () => handler.destroy(id),
  };
  for (const [name, work] of Object.entries(calls)) {
    const call = () => Promise.race([work(), silence(1000)]);
    const failing = await database.withoutTable(() => overhear(call));
    const where = 'when the test had taken the table away';
    assert.ok(!says(failing), `${name} said the id, or a part of it, ${where}`);
    assert.ok(!says(await overhear(call)), `${name} said the id, or a part of it`);
  }
  for (const name of ['Read', 'Destroy'] as const) {
    const ended = await overhear(() => Promise.race([calls[name](), silence(1000)]));
    assert.ok(!says(ended), `${name} said the id of a session that has ended`);
  }
  for (const what of ['a new session', 'a session']) {
    const heard = await overhear(() =>
      Promise.race([handler.write(id, `cart|s:69983:"${'x'.repeat(69_983)}";`), silence(1000)]),
    );
    assert.ok(!says(heard), `Write said the id of ${what} that does not fit into its row`);
    await store(id, 'count|i:1;').catch(() => {});
  }
  const { handler: closed } = await another();
  for (const [name, call] of Object.entries({
    Read: () => closed.read(id),
    Write: () => closed.write(id, 'count|i:1;'),
    Destroy: () => closed.destroy(id),
  })) {
    const heard = await overhear(() => Promise.race([call(), silence(1000)]));
    assert.ok(!says(heard), `${name} said the id, and Open was not called`);
  }
  for (const [name, call] of Object.entries({
    Read: () => handler.read(`${id}.`),
    Write: () => handler.write(`${id}.`, ''),
    Destroy: () => handler.destroy(`${id}.`),
  })) {
    const heard = await overhear(call);
    assert.ok(!says(heard), `${name} said a refused id, which is a real one with a dot behind it`);
  }
  const page = await serve();
  let cookie = '';
  const first = await overhear(async () => {
    ({ cookie } = await page.request());
  });
  const second = await overhear(() => page.request({ cookie }));
  const [, value = ''] = cookie.split('=');
  for (const heard of [first, second]) {
    assert.ok(!heard.includes(decodeURIComponent(value)), 'a page said its id');
  }
});

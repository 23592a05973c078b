import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { containsPart, openBench } from '#bench';

const { clock, database, gate, handler, newId, overhear, random, statements } = await openBench();
const { SessionTooLarge } = (await import('#sessions')) as { SessionTooLarge?: unknown };
await handler.open('', 'MySession');
const mebibyte = 1_048_576;

/** Six bytes of the data that is too large, in a notation of a string or of a buffer. */
const piece =
  /x{6}|é{3}|(78 ?){6}|(c3 ?a9 ?){3}|(00 ?){6}|((0|120), *){6}|(eHh4|w6nD|qcOp|AAAA){2}/i;

/** A callback's result, or the name of its error. */
const answer = (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: Error) => `${error.name}: ${error.message}`);

test('any bytes come back as they were, up to a mebibyte', async () => {
  const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const noise = Uint8Array.from({ length: mebibyte }, () => Math.floor(random() * 256));
  for (const [what, data] of Object.entries({
    'each byte once': everyByte,
    'a mebibyte of noise': noise,
    'a mebibyte of text': 'x'.repeat(mebibyte),
    '65,536 times the byte 0': new Uint8Array(65_536),
    nothing: new Uint8Array(0),
    'a string with a byte order mark': '\uFEFFcount|i:1;',
    "a string with a form's line break, and blanks around": ' note|s:2:"\r\n"; ',
    'a string with an accent that is a character of its own': 'name|s:3:"e\u0301";',
    'a string with a NUL, as PHP writes for a private property': 'a|O:1:"A":1:{s:4:"\0A\0b";N;}',
  })) {
    const id = await newId();
    const before = statements().length;
    assert.equal(await answer(handler.write(id, data)), true, what);
    const saves = statements()
      .slice(before)
      .filter(({ sql }) => /INSERT|UPDATE|REPLACE/i.test(sql));
    assert.ok(saves.length <= 1, `${what} took ${saves.length} statements; in between it is torn`);
    const back = await handler.readBytes(id);
    const bytes = typeof data === 'string' ? Buffer.from(data) : Buffer.from(data);
    assert.ok(bytes.equals(back), `${what}: ${bytes.length} bytes came back as ${back.length}`);
  }
});

test('a part of a larger buffer is saved alone', async () => {
  const id = await newId();
  const whole = Buffer.from('password|s:6:"secret";count|i:1;');
  assert.equal(await answer(handler.write(id, whole.subarray(22))), true);
  const read = await handler.read(id);
  assert.equal(`${read.length} characters`, '10 characters', 'of a buffer of 32 bytes');
  assert.equal(read, 'count|i:1;');
});

test('a session over the limit is refused, and the saved one stays', async () => {
  const id = await newId();
  await handler.write(id, 'cart|i:1;');
  const tooMuch = {
    'a string of one byte more': 'x'.repeat(mebibyte + 1),
    'a string of fewer characters and more bytes': 'é'.repeat(mebibyte / 2 + 1),
    'a buffer of one byte more': new Uint8Array(mebibyte + 1),
    'a string of sixteen mebibytes': 'x'.repeat(2 ** 24),
  };
  for (const [what, data] of Object.entries(tooMuch)) {
    let outcome: unknown;
    const heard = await overhear(async () => {
      outcome = await handler.write(id, data).catch((error: unknown) => error);
    });
    assert.ok(outcome instanceof RangeError, `${what}: Write did not throw a RangeError`);
    assert.equal(outcome.name, 'SessionTooLarge', what);
    assert.ok(typeof SessionTooLarge === 'function', 'your file exports no class SessionTooLarge');
    assert.ok(
      outcome instanceof SessionTooLarge,
      `${what}: the error is not of the class exported`,
    );
    const shown = heard + inspect(outcome, { depth: 9, showHidden: true });
    const spellings = [
      id,
      Buffer.from(id).toString('hex'),
      Buffer.from(id, 'base64url').toString('hex'),
    ];
    const isShown = spellings.some((each) => containsPart(shown, each));
    assert.ok(!isShown, `${what}: the error or a log contains the id, or a part`);
    assert.doesNotMatch(shown, piece, `${what}: the error or a log contains a piece of the data`);
    assert.equal(await handler.read(id), 'cart|i:1;', `${what}: the session of before`);
  }
  const failed = await database.withoutTable(() => answer(handler.write(id, 'cart|i:2;')));
  assert.doesNotMatch(String(failed), /SessionTooLarge/, 'of 9 bytes, but the table was away');
  const saves = gate(1, /^\s*(INSERT|UPDATE|REPLACE)/i, { opens: 'by hand' });
  const lost = answer(handler.write(id, 'cart|i:2;'));
  await saves.reached(lost);
  saves.cut();
  assert.doesNotMatch(await lost.then(String), /SessionTooLarge/, 'the test cut its connection');
});

test('a session is saved in the year 2040 as well', async () => {
  clock.set(Date.UTC(2040, 0, 1) / 1000);
  const id = await newId();
  assert.equal(await answer(handler.write(id, 'count|i:1;')), true);
  assert.equal(await handler.read(id), 'count|i:1;');
  const updated = (await database.rows()).map((row) => Number(row['updated']));
  assert.equal(Math.max(...updated), clock.now(), 'the latest time of the table, in 2040');
});

/** The clock, random bytes and chance come from outside, so that tests can fix them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ini_set,
  type PhpOptions,
  type RequestParts,
  session_cache_limiter,
  session_create_id,
  session_gc,
  session_id,
  session_name,
  session_set_cookie_params,
  session_set_save_handler,
  session_start,
  withPhpRequest,
} from '#php';
import { partsOf } from './parts.ts';

const NOON = Date.UTC(2026, 10, 22, 12, 0, 0);

const collected: number[] = [];
const handler = {
  open: () => true,
  close: () => true,
  read: () => '',
  write: () => true,
  destroy: () => true,
  gc: (seconds: number) => collected.push(seconds),
};

async function inRequest<Result>(
  options: PhpOptions,
  body: () => Promise<Result>,
  parts?: RequestParts,
): Promise<Result> {
  const begin = async (): Promise<Result> => {
    session_set_save_handler(handler);
    return await body();
  };
  return await withPhpRequest({ onMessage() {}, ...options }, begin, parts);
}

test('a cookie expires by the clock that was given', async () => {
  const { parts, headers } = partsOf();
  await inRequest(
    { clock: () => NOON + 999, randomBytes: (size) => new Uint8Array(size) },
    async () => {
      session_set_cookie_params(90);
      await session_start();
    },
    parts,
  );
  assert.deepEqual(headers.get('Set-Cookie'), [
    `PHPSESSID=${'0'.repeat(32)}; expires=Sun, 22 Nov 2026 12:01:30 GMT; Max-Age=90; path=/`,
  ]);
});

test('a cookie may outlive the calendar of JavaScript', async () => {
  const { parts, headers } = partsOf();
  await inRequest(
    { clock: () => NOON },
    async () => {
      session_set_cookie_params(2 ** 52);
      await session_start();
    },
    parts,
  );
  // As date('D, d M Y H:i:s') of PHP 8.2 has it.
  assert.match(String(headers.get('Set-Cookie')), /expires=Tue, 28 Oct 142715417 15:48:16 GMT/);
});

test('a page expires and was changed by the clocks that were given', async () => {
  const { parts, headers } = partsOf();
  await inRequest(
    { clock: () => NOON, lastModified: () => NOON - 60_000 },
    async () => {
      session_cache_limiter('public');
      await session_start();
    },
    parts,
  );
  assert.equal(headers.get('Expires'), 'Sun, 22 Nov 2026 15:00:00 GMT');
  assert.equal(headers.get('Last-Modified'), 'Sun, 22 Nov 2026 11:59:00 GMT');
});

test('an id is made of the bytes that were given, as bin_to_readable() makes it', async () => {
  const randomBytes = (size: number): Uint8Array =>
    Uint8Array.from({ length: size }, (_, at) => at + 1);
  const ids = await inRequest({ randomBytes }, async () => {
    const four = await session_create_id();
    ini_set('session.sid_length', '22');
    ini_set('session.sid_bits_per_character', '5');
    const five = await session_create_id();
    ini_set('session.sid_bits_per_character', '6');
    return [four, five, await session_create_id('a-')];
  });
  assert.deepEqual(ids, [
    '102030405060708090a0b0c0d0e0f001',
    '1g0602k06o1gg481b03q07',
    'a-18M04kw17wg2aI03dUM3g4',
  ]);
  const tooFew = inRequest({ randomBytes: () => new Uint8Array(4) }, () => session_create_id());
  await assert.rejects(tooFew, /^RangeError: randomBytes\(32\) returned 4 bytes/);
});

test('chance is drawn below the divisor, and collects below the probability', async () => {
  const draw = async (chance: number): Promise<number> => {
    const limits: number[] = [];
    collected.length = 0;
    const randomInt = (limit: number): number => {
      limits.push(limit);
      return chance;
    };
    const settings = { 'session.gc_probability': 3, 'session.gc_divisor': 7 };
    await inRequest({ randomInt, settings }, () => session_start());
    assert.deepEqual(limits, [7]);
    return collected.length;
  };
  assert.equal(await draw(2), 1);
  assert.equal(await draw(3), 0);
  const settings = { 'session.gc_divisor': 2 ** 60 };
  assert.equal(await inRequest({ settings }, () => session_start()), true);
});

test('session_gc() draws no random number', async () => {
  const randomInt = (): number => assert.fail('nothing is drawn');
  const settings = { 'session.gc_probability': 0, 'session.gc_maxlifetime': 77 };
  collected.length = 0;
  await inRequest({ randomInt, settings }, async () => {
    await session_start();
    await session_gc();
    assert.equal(typeof session_id(), 'string');
  });
  assert.deepEqual(collected, [77]);
});

test('the settings of one options object are read once', async () => {
  let reads = 0;
  const options: PhpOptions = {
    get settings() {
      reads += 1;
      return { 'session.name': 'JOB' } as const;
    },
  };
  for (let run = 0; run < 3; run += 1) {
    assert.equal(await withPhpRequest(options, () => session_name()), 'JOB');
  }
  assert.equal(reads, 1);
});

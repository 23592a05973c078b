/** The bench itself: its clock, its random numbers, the handler it makes of any class. */
import assert from 'node:assert/strict';
import crypto, { getRandomValues, randomBytes, randomFill, randomFillSync } from 'node:crypto';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { createClock } from '../../../src/workshop/bench/clock.ts';
import { recordDraws } from '../../../src/workshop/bench/draws.ts';
import { adaptHandler } from '../../../src/workshop/bench/handler.ts';
import { overhear } from '../../../src/workshop/bench/overhear.ts';
import { keptPromises } from '../../../src/workshop/bench/promises.ts';
import { seededRandom } from '../../../src/workshop/bench/random.ts';
import type { SessionsExport } from '../../../src/workshop/sandbox/contract.ts';
import { describeFailure } from '../../../src/workshop/sandbox/failure.ts';
import { readFrames } from '../../../src/workshop/sandbox/location.ts';
import { NotPorted } from '../../../src/workshop/sandbox/not-ported.ts';

test('the clock shows real time until it is set, and again after it is restored', () => {
  const clock = createClock();
  const real = Math.floor(Date.now() / 1000);
  assert.ok(Math.abs(clock.now() - real) <= 1);
  clock.set(1_800_000_000);
  assert.equal(Date.now(), 1_800_000_000_000);
  clock.advance(60);
  assert.equal(clock.now(), 1_800_000_060);
  clock.advance(-120);
  assert.equal(clock.now(), 1_799_999_940);
  clock.restore();
  assert.ok(Math.abs(clock.now() - real) <= 1);
});

test('a clock that is set to no time says so', () => {
  const clock = createClock();
  assert.throws(() => clock.set(Number.NaN), /takes unix seconds, 0 or more; got NaN/);
  assert.throws(() => clock.set(-1), RangeError);
});

test('the same seed gives the same numbers', () => {
  const [one, two] = [seededRandom('42'), seededRandom('42')];
  const numbers = Array.from({ length: 100 }, () => one.next());
  assert.deepEqual(
    numbers,
    Array.from({ length: 100 }, () => two.next()),
  );
  assert.ok(numbers.every((number) => number >= 0 && number < 1));
  assert.ok(new Set(numbers).size > 95);
});

test('a seed is reported only once a number was drawn', () => {
  const random = seededRandom(undefined);
  assert.equal(random.used, false);
  random.next();
  assert.equal(random.used, true);
  assert.equal(seededRandom(String(random.seed)).seed, random.seed);
});

test('an invalid seed is refused with its value', () => {
  assert.throws(
    () => seededRandom('tomorrow'),
    /whole number from 0 to 4294967295, got "tomorrow"/,
  );
});

/** A class with three callbacks, in each of the shapes a lesson may export. */
class Handler {
  static rows = new Map<string, string>();
  open(): boolean {
    return true;
  }
  close(): boolean {
    return true;
  }
  read(id: string): string {
    return Handler.rows.get(id) ?? '';
  }
  write(id: string, data: string): boolean {
    Handler.rows.set(id, data);
    return true;
  }
}

class Static {
  static rows = new Map<string, string>();
  static Open(): boolean {
    return true;
  }
  static Read(sid: string): string {
    return Static.rows.get(sid) ?? '';
  }
  static async Write(sid: string, data: string): Promise<boolean> {
    Static.rows.set(sid, data);
    return true;
  }
}

/** The same methods, as fields: only an object has them, or the class itself. */
class HandlerFields {
  readonly open = () => true;
  readonly close = () => true;
  readonly read = (id: string) => Handler.rows.get(id) ?? '';
  readonly write = async (id: string, data: string) => Handler.rows.set(id, data).has(id);
}

class StaticFields {
  static readonly Open = () => true;
  static readonly Read = (sid: string) => Static.rows.get(sid) ?? '';
  static readonly Write = async (sid: string, data: string) => Static.rows.set(sid, data).has(sid);
}

const shapes: Record<string, unknown> = {
  'a static class': Static,
  "a handler's constructor": Handler,
  'a handler': new Handler(),
  'a static class of fields': StaticFields,
  "a handler's constructor, of fields": HandlerFields,
};

test('a static class, a constructor and an object are one handler to a test', async () => {
  for (const [shape, exported] of Object.entries(shapes)) {
    const { handler, has, lastCall } = adaptHandler(exported as SessionsExport);
    assert.equal(await handler.open('', 'MySession'), true, shape);
    assert.equal(await handler.write('1', 'é'), true, shape);
    assert.equal(await handler.read('1'), 'é', shape);
    assert.deepEqual(Buffer.from(await handler.readBytes('1')), Buffer.from('é'), shape);
    assert.match(lastCall.method ?? '', /^read$/i, shape);
    assert.deepEqual([has('write'), has('gc')], [true, false], shape);
    await assert.rejects(handler.gc(1440), NotPorted, shape);
  }
});

test('a missing method is named as the file would spell it', async () => {
  const asStatic = adaptHandler(Static as SessionsExport);
  await assert.rejects(
    asStatic.handler.gc(1),
    /^NotPorted: Sessions\.garbageCollect is not ported/,
  );
  const asObject = adaptHandler(Handler as unknown as SessionsExport);
  await assert.rejects(asObject.handler.gc(1), /^NotPorted: Sessions\.gc is not ported yet/);
});

test('bytes are read as text, and null stays null for the test to see', async () => {
  const bytes = { open: () => true, read: () => Buffer.from('é') };
  const nothing = { open: () => true, read: () => null };
  assert.equal(await adaptHandler(bytes as unknown as SessionsExport).handler.read('1'), 'é');
  assert.equal(await adaptHandler(nothing as unknown as SessionsExport).handler.read('1'), null);
});

test('a file without a class gets an error that names the expected export', () => {
  assert.throws(
    () => adaptHandler(7 as unknown as SessionsExport),
    /must export a class named Sessions; its export is a number/,
  );
});

test('a failure is described in few words, however much was thrown', () => {
  const long = 'x'.repeat(5000);
  assert.throws(
    () => assert.equal(long, 'y'),
    (error: unknown) => {
      const failure = describeFailure(error, undefined);
      assert.equal(failure.reason, 'assertion');
      assert.equal(failure.expected, "'y'");
      assert.ok((failure.actual?.length ?? 0) < 300);
      return true;
    },
  );
  assert.match(
    describeFailure('a string', undefined).message,
    /not an Error was thrown: 'a string'/,
  );
});

test('stack frames are read in every form that Node writes them', () => {
  const stack = `Error: x
    at Sessions.Read (file:///w/sessions.ts?bench=2:31:20)
    at async Function.Write [as write] (/w/sessions.ts:40:5)
    at file:///w/other.ts:7:1
    at new Promise (<anonymous>)
    at node:internal/main:1:1`;
  assert.deepEqual(readFrames(stack), [
    { file: '/w/sessions.ts', line: 31, method: 'Read' },
    { file: '/w/sessions.ts', line: 40, method: 'Write' },
    { file: '/w/other.ts', line: 7 },
  ]);
});

test('random bytes come from the given source, by whichever function they are drawn', async () => {
  const roads: (() => unknown)[] = [
    () => randomBytes(8),
    () => promisify(randomBytes)(8),
    () => randomFillSync(Buffer.alloc(8)),
    () => promisify(randomFill)(Buffer.alloc(8)),
    () => getRandomValues(new Uint8Array(8)),
    () => globalThis.crypto.getRandomValues(new Uint32Array(2)),
    () => crypto.randomBytes(8),
  ];
  const sevens = (size: number): Uint8Array => new Uint8Array(size).fill(7);
  for (const road of roads) {
    const { result, bytes } = await recordDraws(async () => road(), sevens);
    const view = (await result) as NodeJS.ArrayBufferView;
    const drawn = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
    assert.deepEqual([...drawn], [...sevens(8)], String(road));
    assert.deepEqual(bytes, [Buffer.from(sevens(8))], String(road));
  }
  assert.notDeepEqual([...randomBytes(8)], [...sevens(8)], 'the source outlived the recording');
});

test('a kept function draws from the recording of its time, and from node:crypto after it', async () => {
  const { result: kept } = await recordDraws(async () => crypto.randomBytes);
  const { bytes } = await recordDraws(async () => kept(8));
  assert.equal(bytes.length, 1);
  assert.notDeepEqual(kept(8), kept(8));
});

test('errors and output are captured with everything in them', async () => {
  const texts = await overhear(async () => {
    console.log('one');
    process.emitWarning('two');
    throw new Error('three', { cause: Object.assign(new Error('four'), { dsn: 'five' }) });
  });
  for (const word of ['one', 'two', 'three', 'four', 'five']) assert.match(texts, RegExp(word));
  assert.equal(await overhear(async () => 'nothing'), '');
});

test('only those promises of a call count that something still holds', async () => {
  const held: Promise<void>[] = [];
  const work = async (): Promise<void> => {
    await null;
  };
  const make = (keep: boolean) => async (): Promise<void> => {
    for (let at = 0; at < 500; at += 1) {
      const promise = work();
      if (keep) held.push(promise);
      await promise;
    }
  };
  // Node itself holds a few.
  const none = await keptPromises(make(false));
  assert.ok(none < 50, `${none} are kept of 500 that nothing holds`);
  const some = await keptPromises(make(true));
  assert.ok(some >= held.length && some < held.length + 50, `${some} are kept of ${held.length}`);
});

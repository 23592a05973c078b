/** At each size where the encoder or the decoder changes its method, the bytes stay the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  PhpObject,
  type PhpValue,
  serialize,
  UnserializeError,
  unserialize,
} from '../../src/serialize/index.ts';

/** Writes a string by PHP's rule alone. */
function expected(text: string): string {
  return `s:${Buffer.byteLength(text)}:"${text}";`;
}

test('writes strings of all lengths, ASCII or not, the accent first, last or alone', () => {
  const lengths = [0, 1, 9, 10, 33, 34, 38, 39, 40, 41, 49, 50, 98, 99, 100, 499, 500, 999, 1000];
  const edges = [9_999, 10_000, 21_845, 65_535, 65_536, 65_537, 99_999, 100_000];
  for (const length of [...lengths, ...edges]) {
    const plain = 'x'.repeat(length);
    for (const text of [plain, `é${plain}`, `${plain}–`, `${plain}😀`, 'ü'.repeat(length)]) {
      assert.equal(serialize(text).toString(), expected(text), `${length} characters`);
    }
  }
});

test('refuses half a surrogate pair at any length', () => {
  for (const length of [0, 10, 39, 40, 1_000, 70_000]) {
    const text = `${'é'.repeat(length)}\ud800`;
    assert.throws(() => serialize([text]), /^UnserializableError: \$value\[0\]: half a surrogate/);
  }
});

test('writes a list of ints with something else at any place', () => {
  for (const place of [0, 1, 126, 127, 128, 129, 255, 256, 299]) {
    for (const other of ['x', 0.5, -0, 3_000_000_000, 2n ** 60n, null, true, [7]] as PhpValue[]) {
      const list: PhpValue[] = Array.from({ length: 300 }, (_, index) => index * 7_919 - 99);
      list[place] = other;
      const each = list.map((value, index) => `i:${index};${serialize(value).toString()}`);
      assert.equal(serialize(list).toString(), `a:300:{${each.join('')}}`);
    }
  }
});

test('reads no bytes of an earlier input', () => {
  const long = `a:3:{s:3:"one";i:12345;s:3:"two";s:5:"green";i:7;d:0.5;}`;
  for (let end = 1; end < long.length; end++) {
    unserialize(long);
    const cut = Buffer.from(long.slice(0, end));
    assert.throws(() => unserialize(cut), UnserializeError, `${end} bytes`);
  }
});

test('reads inputs on both sides of the size that is copied first', () => {
  for (let length = 1_000; length < 1_040; length++) {
    const text = 'x'.repeat(length);
    assert.equal(unserialize(expected(text)), text);
    assert.throws(() => unserialize(expected(text).slice(0, -1)), UnserializeError);
  }
});

test('does not change with its input after it was read', () => {
  const input = Buffer.from('a:1:{s:4:"name";s:3:"Ann";}');
  const value = unserialize(input);
  input.fill(0x2a);
  assert.deepEqual(value, { name: 'Ann' });
});

test('writes and reads every kind of container deeper than the recursion goes', () => {
  const kinds: ((inside: PhpValue) => PhpValue)[] = [
    (inside) => ['x', inside, 'y'],
    (inside) => ({ before: 1, inside, after: 2 }),
    (inside) =>
      new Map<string | number, PhpValue>([
        [7, inside],
        ['z', 3],
      ]),
    (inside) => new PhpObject('Box', new Map([['12', inside]])),
  ];
  let value: PhpValue = 'core';
  let text = expected('core');
  for (let depth = 0; depth < 400; depth++) {
    const kind = depth % kinds.length;
    value = (kinds[kind] as (inside: PhpValue) => PhpValue)(value);
    text = [
      `a:3:{i:0;s:1:"x";i:1;${text}i:2;s:1:"y";}`,
      `a:3:{s:6:"before";i:1;s:6:"inside";${text}s:5:"after";i:2;}`,
      `a:2:{i:7;${text}s:1:"z";i:3;}`,
      `O:3:"Box":1:{s:2:"12";${text}}`,
    ][kind] as string;
  }
  // No assert.equal here: its message would show 30 KB.
  assert.ok(serialize(value).toString() === text, 'written otherwise');
  assert.ok(serialize(unserialize(text)).toString() === text, 'read otherwise');
});

test('reports the whole path of a refused value at any depth', () => {
  for (const depth of [1, 8, 16, 63, 64, 65, 66, 200]) {
    let value: unknown = new Date(0);
    let path = '';
    for (let level = 0; level < depth; level++) {
      value = level % 2 === 0 ? { when: value } : [0, value];
      path = (level % 2 === 0 ? '.when' : '[1]') + path;
    }
    assert.throws(
      () => serialize(value as PhpValue),
      (error: Error) => error.message.startsWith(`$value${path}: Date "1970`),
      `${depth} deep`,
    );
  }
});

test('finds a cycle, also one that begins deep inside or is long', () => {
  for (const [before, round] of [
    [0, 1],
    [0, 30],
    [100, 1],
    [3, 200],
  ] as const) {
    const first: PhpValue[] = [];
    let last = first;
    for (let step = 1; step < round; step++) {
      const next: PhpValue[] = [];
      last.push('x'.repeat(1_000), next);
      last = next;
    }
    last.push(first);
    let value: PhpValue = first;
    for (let depth = 0; depth < before; depth++) value = { value };
    assert.throws(() => serialize(value), /contains itself/, `${before} before, ${round} around`);
  }
});

test('does not learn an odd spelling of a key', () => {
  for (const [odd, plain] of [
    ['a:1:{s:00:"";i:1;}', 'a:1:{s:0:"";i:1;}'],
    ['a:2:{s:003:"odd";i:1;s:04:"keys";i:2;}', 'a:2:{s:3:"odd";i:1;s:4:"keys";i:2;}'],
  ] as const) {
    assert.equal(serialize(unserialize(odd)).toString(), plain);
    assert.equal(serialize(unserialize(odd)).toString(), plain);
  }
});

test('reads lists of ints whose keys grow by a digit, and stops at a gap', () => {
  const list = Array.from({ length: 10_010 }, (_, index) => index % 1_000);
  const text = serialize(list).toString();
  assert.deepEqual(unserialize(text), list);
  for (const key of [9, 10, 99, 100, 999, 1_000, 9_999, 10_000]) {
    const entry = `i:${key};i:${key % 1_000};`;
    const skipped = unserialize(text.replace(entry, `i:${key + 20_000};i:0;`));
    assert.ok(skipped instanceof Map && skipped.get(key + 20_000) === 0 && skipped.size === 10_010);
    const padded = unserialize(text.replace(entry, `i:0${key};i:${key % 1_000};`));
    assert.deepEqual(padded, list, `a zero before ${key}`);
  }
});

test('writes the keys that an object had at the start, whatever its getters do', () => {
  const grows = {
    get a() {
      Object.assign(grows, { c: 3 });
      return 1;
    },
    b: 2,
  } as Record<string, number>;
  assert.equal(serialize(grows).toString(), 'a:2:{s:1:"a";i:1;s:1:"b";i:2;}');
  const shrinks: Record<string, number> = { b: 2, c: 3 };
  const value = Object.defineProperty({} as Record<string, number>, 'a', {
    enumerable: true,
    get() {
      delete value['b'];
      return 1;
    },
  });
  Object.assign(value, shrinks);
  assert.throws(() => serialize(value), /^UnserializableError: \$value\.b: the object lost a key/);
});

test('writes no property of a prototype', () => {
  Object.defineProperty(Object.prototype, 'planted', {
    value: 1,
    enumerable: true,
    configurable: true,
  });
  try {
    assert.equal(serialize({ own: 1 }).toString(), 'a:1:{s:3:"own";i:1;}');
    assert.equal(serialize({}).toString(), 'a:0:{}');
  } finally {
    delete (Object.prototype as { planted?: number }).planted;
  }
});

/** A session's bytes by key: formats, values that JSON cannot hold, bytes that stay as they were. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  encodeSession,
  PhpFloat,
  PhpObject,
  PhpReference,
  type PhpValue,
} from '../../src/serialize/index.ts';
import { decisionOf } from '../../src/store/contest.ts';
import { SessionConflict, SessionUnreadable, SessionValueError } from '../../src/store/errors.ts';
import { merge } from '../../src/store/payload/merge.ts';
import { encodeValue, type Format, Payload } from '../../src/store/payload/payload.ts';
import { Variables } from '../../src/store/payload/variables.ts';

const PHP = ['php', 'php_serialize', 'php_binary'] as const;

function php(format: (typeof PHP)[number], variables: Record<string, PhpValue>): Buffer {
  const { bytes } = encodeSession(format, variables);
  return bytes === false ? Buffer.alloc(0) : bytes;
}

function valuesOf(bytes: Buffer, format: Format = 'json'): Record<string, unknown> {
  const payload = new Payload(bytes, format);
  return Object.fromEntries([...payload.keys].map((key) => [key, payload.valueOf(key)]));
}

test('each format is read as it is found', () => {
  const value = { name: 'Ann', list: [1, 'zwei', null, true], nested: { a: 1.5, '{': '}' } };
  assert.deepEqual(valuesOf(Buffer.from(JSON.stringify(value, null, 2))), value);
  for (const format of PHP) {
    const bytes = php(format, value);
    assert.equal(new Payload(bytes, 'json').format, format);
    assert.deepEqual(valuesOf(bytes), value, format);
  }
  assert.deepEqual(valuesOf(Buffer.alloc(0)), {});
});

test('bytes of no format are refused', () => {
  const broken = [
    '{',
    '{"a":}',
    '{"a" 1}',
    '{"a":1}x',
    'null',
    'a|i:1',
    'a:1:{i:0;}',
    '\xff\xfe',
    '|',
  ];
  for (const text of broken) {
    assert.throws(() => new Payload(Buffer.from(text, 'latin1'), 'json'), SessionUnreadable, text);
  }
  const deep = new Payload(Buffer.from('{"a":1,"b":[1,}'.concat('}')), 'json');
  assert.equal(deep.valueOf('a'), 1, 'a broken value does not make its neighbours unreadable');
  assert.throws(() => deep.valueOf('b'), SessionUnreadable);
});

const phpValue: fc.Arbitrary<PhpValue> = fc.letrec<{ value: PhpValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc
      .double({ noNaN: true })
      .map((number) => (Number.isInteger(number) ? new PhpFloat(number) : number)),
    fc.string({ unit: 'binary' }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .dictionary(
        fc.string().filter((key) => !/^-?\d+$/.test(key)),
        tie('value'),
        { maxKeys: 4 },
      )
      .map((entries) => (Object.keys(entries).length === 0 ? null : { ...entries }) as PhpValue),
    tie('value').map((value) => new PhpObject('User', { value })),
  ),
})).value;
const key = fc
  .string({ minLength: 1, maxLength: 20 })
  .filter((text) => !/[|!]|^-?\d+$|^__proto__$/.test(text));

test('any payload of PHP is split, and joined to the same bytes', () => {
  fc.assert(
    fc.property(fc.constantFrom(...PHP), fc.dictionary(key, phpValue), (format, variables) => {
      const bytes = php(format, { ...variables });
      const payload = new Payload(bytes, format);
      assert.deepEqual(valuesOf(bytes, format), { ...variables });
      const [first] = payload.keys;
      const changes = new Map([['changed', encodeValue(format, 1, 'changed')]]);
      const changed = new Payload(payload.with(changes, format), format);
      if (first !== undefined && first !== 'changed') {
        assert.deepEqual(changed.bytesOf(first), payload.bytesOf(first));
      }
      const back = changed.with(new Map([['changed', payload.bytesOf('changed')]]), format);
      assert.ok(new Payload(back, format).with(new Map(), format).equals(back));
      if (!('changed' in variables)) assert.ok(back.equals(bytes) || bytes.length === 0);
    }),
    { numRuns: 300 },
  );
});

test('any bytes are a payload or SessionUnreadable, and nothing else', () => {
  const start = fc.constantFrom('', '{"a":', 'a:1:{', 'a|', '\x01a', 'O:1:"A":1:{', 'C:1:"A":2:{');
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 40 }), (text, more) => {
      const bytes = Buffer.concat([Buffer.from(text), more]);
      try {
        valuesOf(bytes);
      } catch (error) {
        assert.ok(error instanceof SessionUnreadable, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

test('an untouched key keeps its bytes, whoever wrote them', () => {
  const variables = new Variables(
    Buffer.from('{ "f": 1.0, "e":1e3 , "n": 1, "r": [1.0] }'),
    'json',
  );
  assert.deepEqual(variables.data['r'], [1], 'read, and not changed');
  variables.data['n'] = 2;
  assert.equal(variables.encode().toString(), '{"f":1.0,"e":1e3,"n":2,"r":[1.0]}');
  const object = Buffer.from('o|O:7:"Unknown":1:{s:1:"\0";d:0.1000;}n|i:1;');
  const own = new Variables(object, 'php');
  own.data['n'] = 2;
  assert.equal(own.encode().toString(), object.toString().replace('i:1', 'i:2'));
});

test('a payload with references keeps them', () => {
  const shared = new PhpReference('both');
  for (const format of PHP) {
    const bytes = php(format, { a: shared, b: shared, n: 1 });
    const variables = new Variables(bytes, format);
    assert.equal(variables.data['a'], variables.data['b']);
    assert.ok(variables.encode().equals(bytes));
    variables.data['n'] = 2;
    assert.deepEqual(variables.encode(), php(format, { a: shared, b: shared, n: 2 }));
  }
});

test('another format is written from the next change on', () => {
  const variables = new Variables(php('php', { list: [1, 2], name: 'Ann' }), 'json');
  assert.equal(variables.encode().toString(), 'list|a:2:{i:0;i:1;i:1;i:2;}name|s:3:"Ann";');
  variables.data['more'] = true;
  assert.equal(variables.encode().toString(), '{"list":[1,2],"name":"Ann","more":true}');
});

test('a value that would change its type is refused with its path', () => {
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  const refused: [unknown, string, RegExp][] = [
    [[{}, { when: new Date() }], 'cart[1].when', /an object of the class Date cannot/],
    [{ 'a b': Number.NaN }, 'cart["a b"]', /the number NaN/],
    [-0, 'cart', /the number -0/],
    [[undefined], 'cart[0]', /undefined/],
    [new Array(1), 'cart[0]', /undefined/],
    [1n, 'cart', /a bigint/],
    [new Map(), 'cart', /class Map/],
    [circle, 'cart.self', /contains itself/],
    [{ [Symbol('hidden')]: 1 }, 'cart', /a key that is a symbol/],
    [Object.defineProperty({}, 'now', { get: Date.now }), 'cart.now', /a getter/],
    [Object.assign([1], { total: 1 }), 'cart', /a list with other properties/],
    [new (class extends Array {})(), 'cart', /a list with other properties/],
    [[new Boolean(true)], 'cart[0]', /class Boolean/],
    [{ toJSON: () => 1 }, 'cart', /toJSON/],
  ];
  for (const [value, path, message] of refused) {
    assert.throws(
      () => encodeValue('json', value, 'cart'),
      (error) => {
        assert.ok(error instanceof SessionValueError);
        assert.equal(error.path, path);
        assert.match(error.message, message);
        return true;
      },
    );
  }
  assert.throws(() => encodeValue('php', [new Date()], 'cart'), { path: 'cart[0]' });
  const unlikePhp: [unknown, string][] = [
    [{ items: {} }, 'cart.items'],
    [[{ 5: 'a' }], 'cart[0]'],
    [{ n: [-0] }, 'cart.n[0]'],
    [[1e300], 'cart[0]'],
    [[1n], 'cart[0]'],
    [new Map([['a', 1]]), 'cart'],
    [[Buffer.from('text')], 'cart[0]'],
    [{ a: { [Symbol('b')]: 1 } }, 'cart.a'],
  ];
  for (const [value, path] of unlikePhp) {
    assert.throws(
      () => encodeValue('php', value, 'cart'),
      (error) => error instanceof SessionValueError && error.path === path,
      path,
    );
  }
  const likePhp = [[], { a: null }, 1.5, 'ü', new Map([[5, 'a']]), Buffer.of(255), 2n ** 62n];
  for (const value of [...likePhp, new PhpFloat(1), new PhpObject('User', { n: 1 })]) {
    assert.ok(encodeValue('php', [value], 'cart').length > 0);
  }
});

test('a key named __proto__ is a key, and no prototype changes', () => {
  const variables = new Variables(Buffer.from('{"__proto__":{"admin":true},"a":1}'), 'json');
  assert.equal((variables.data as { admin?: unknown }).admin, undefined);
  assert.deepEqual(Object.keys(variables.data), ['__proto__', 'a']);
  variables.data['a'] = 2;
  assert.equal(variables.encode().toString(), '{"__proto__":{"admin":true},"a":2}');
  assert.equal(({} as { admin?: unknown }).admin, undefined);
});

test('a key that a format cannot hold is refused', () => {
  const join = (format: Format, name: string): Buffer =>
    new Payload(Buffer.alloc(0), format).with(
      new Map([[name, encodeValue(format, 1, name)]]),
      format,
    );
  assert.throws(() => join('php', 'a|b'), SessionValueError);
  assert.throws(() => join('php_binary', 'a'.repeat(128)), SessionValueError);
  assert.equal(join('php_serialize', '5').toString(), 'a:1:{i:5;i:1;}');
  assert.deepEqual(valuesOf(join('php_serialize', '5')), { 5: 1 });
});

test('a merge takes each key from the side that changed it', () => {
  const bytes = (value: object): Buffer => Buffer.from(JSON.stringify(value));
  const base = bytes({ same: 1, mine: 1, theirs: 1, goneHere: 1, goneThere: 1, both: 1 });
  const mine = bytes({ same: 1, mine: 2, theirs: 1, goneThere: 1, both: 2, newHere: 1 });
  const theirs = bytes({ same: 1, mine: 1, theirs: 2, goneHere: 1, both: 2, newThere: 1 });
  const merged = merge(base, mine, theirs, 'json', ({ mine, theirs }) => {
    assert.deepEqual(mine, theirs);
    return mine;
  });
  assert.equal(
    merged.toString(),
    '{"same":1,"mine":2,"theirs":2,"both":2,"newThere":1,"newHere":1}',
  );
  const contest = bytes({ both: 3 });
  assert.throws(
    () => merge(base, mine, contest, 'json', decisionOf('reject')),
    (error) => {
      assert.ok(error instanceof SessionConflict);
      assert.deepEqual(error.keys, ['mine', 'both']);
      return true;
    },
  );
});

test('a merge across formats compares values', () => {
  const base = php('php', { a: 1, b: 'x' });
  const theirs = php('php_serialize', { a: 1, b: 'y' });
  const merged = merge(base, Buffer.from('{"a":2,"b":"x"}'), theirs, 'json', () => false);
  assert.equal(merged.toString(), '{"a":2,"b":"y"}');
});

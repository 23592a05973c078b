/** A session's bytes by key: formats, values that JSON cannot hold, bytes that stay as they were. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  decodeEnvelope,
  encodeSession,
  isEnvelope,
  PhpEnum,
  PhpFloat,
  PhpObject,
  PhpReference,
  type PhpValue,
} from '../../src/serialize/index.ts';
import { SessionConflict, SessionUnreadable, SessionValueError } from '../../src/store/errors.ts';
import { decisionOf } from '../../src/store/on-conflict.ts';
import { merge } from '../../src/store/payload/merge.ts';
import { decodeValue, encodeValue, type Format, Payload } from '../../src/store/payload/payload.ts';
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

test('an untouched key keeps its bytes, whether PHP or Node wrote them', () => {
  const variables = new Variables(
    Buffer.from('{ "f": 1.0, "e":1e3 , "n": 1, "r": [1.0] }'),
    'json',
  );
  assert.deepEqual(variables.data['r'], [1], 'read, and not changed');
  variables.data['n'] = 2;
  assert.equal(variables.encode().toString(), '{"v":2,"data":{"f":1.0,"e":1e3,"n":2,"r":[1.0]}}');
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
  assert.equal(
    variables.encode().toString(),
    '{"v":2,"data":{"list":[1,2],"name":"Ann","more":true}}',
  );
});

/** An object in an object, so many times. */
function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let at = 0; at < depth; at += 1) value = { value };
  return value;
}

test("a value as deep as PHP's limit is written in PHP's formats", () => {
  const bytes = encodeValue('php', nested(4090), 'cart');
  assert.ok(encodeValue('php', decodeValue('php', bytes), 'cart').equals(bytes));
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
    [{ list: Object.assign([1], { total: 1 }) }, 'cart.list'],
    [nested(4097), 'cart'],
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
  assert.equal(variables.encode().toString(), '{"v":2,"data":{"__proto__":{"admin":true},"a":2}}');
  assert.equal(({} as { admin?: unknown }).admin, undefined);
});

test('a key with half a surrogate pair is refused beside one that needs a tag', () => {
  const row = (text: string): Payload => new Payload(Buffer.from(text), 'json');
  const written = row('{"a":1,"\\ud800":2}').with(new Map(), 'json');
  assert.deepEqual(valuesOf(written, 'json'), { a: 1, '\ud800': 2 });
  assert.throws(() => row('{"0":1,"\\ud800":2}').with(new Map(), 'json'), {
    name: 'SessionValueError',
    path: '\ud800',
  });
});

test('a key that a format cannot hold is refused', () => {
  const join = (format: Format, name: string): Buffer =>
    new Payload(Buffer.alloc(0), format).with(
      new Map([[name, encodeValue(format, 1, name)]]),
      format,
    );
  const shared = new PhpReference('both');
  for (const [format, key] of [
    ['php', 'a|b'],
    ['php_binary', 'a'.repeat(128)],
    ...PHP.map((format) => [format, '\ud800'] as const),
  ] as const) {
    const refused = { name: 'SessionValueError', path: key };
    assert.throws(() => join(format, key), refused);
    // Where keys refer to each other, all of them are written anew.
    const linked = new Payload(php(format, { a: shared, b: shared }), format);
    assert.throws(() => linked.with(new Map([[key, Buffer.from('i:1;')]]), format), refused);
    const none = new Map(['a', 'b'].map((each) => [each, undefined]));
    assert.deepEqual(valuesOf(linked.with(none, format), format), {});
  }
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
  assert.equal(merged.toString(), '{"v":2,"data":{"a":2,"b":"y"}}');
});

/** A session of PHP with each kind of value that JSON alone would change. */
const TYPED = (): Record<string, PhpValue> => {
  const user = new PhpObject('User', { id: 2n ** 60n, rate: new PhpFloat(1) });
  const shared = new PhpReference('both');
  return {
    user,
    again: [user, new PhpEnum('Suit', 'Hearts')],
    prices: [new PhpFloat(1), new PhpFloat(1e300), Number.NaN, -0.5],
    raw: Buffer.of(0xff, 0xfe),
    byId: new Map<number | string, PhpValue>([
      [7, 'seven'],
      [3, []],
      ['x', null],
    ]),
    one: shared,
    other: shared,
    n: 1,
  };
};

test("the format json is lesson 21's envelope, and every reader of it reads it", () => {
  const variables = new Variables(Buffer.alloc(0), 'json');
  const data = {
    ...{ n: 1, text: 'Zoë', empty: {}, list: [], 5: { 7: 'a' }, big: 2 ** 60, nul: 'a\0b' },
    $php: { $php: 'object', class: 'Evil', properties: { n: 1 } },
  };
  Object.assign(variables.data, data);
  const written = variables.encode();
  assert.deepEqual(valuesOf(written), data);
  const read = decodeEnvelope(written) as Map<unknown, unknown>;
  assert.deepEqual(read.get(5), new Map([[7, 'a']]));
  // A tag of an application's own is data, and no object of PHP.
  assert.deepEqual(read.get('$php'), data.$php);
});

test("PHP's values survive the way into JSON, a change there, and the way back", () => {
  for (const format of PHP) {
    const bytes = php(format, TYPED());
    const inJson = new Payload(bytes, 'json').with(new Map(), 'json');
    assert.ok(isEnvelope(inJson));
    assert.ok(new Payload(inJson, format).with(new Map(), format).equals(bytes), format);
    const variables = new Variables(inJson, 'json');
    for (const key of Object.keys(variables.data)) variables.data[key];
    assert.ok(variables.encode().equals(inJson), 'read, and not changed');
    variables.data['n'] = 2;
    const changed = new Payload(variables.encode(), format).with(new Map(), format);
    assert.ok(changed.equals(php(format, { ...TYPED(), n: 2 })), format);
  }
});

test('a value that was of PHP may be changed with its types, and no other value has them', () => {
  const { one, other, again, ...apart } = TYPED();
  assert.ok(one && other && again);
  const bytes = new Payload(php('php', apart), 'json').with(new Map(), 'json');
  const variables = new Variables(bytes, 'json');
  (variables.data['prices'] as unknown[]).push(Number.POSITIVE_INFINITY);
  (variables.data['byId'] as Map<unknown, unknown>).set(9, 2n ** 60n);
  const prices = [...(apart['prices'] as PhpValue[]), Number.POSITIVE_INFINITY];
  const byId = new Map([...(apart['byId'] as Map<number, PhpValue>), [9, 2n ** 60n]]) as PhpValue;
  const back = new Payload(variables.encode(), 'php').with(new Map(), 'php');
  assert.deepEqual(valuesOf(back), valuesOf(php('php', { ...apart, prices, byId })));
  variables.data['prices'] = [new Date()];
  assert.throws(() => variables.encode(), { name: 'SessionValueError', path: 'prices[0]' });
  variables.data['prices'] = [];
  variables.data['n'] = 2n ** 60n;
  assert.throws(() => variables.encode(), { name: 'SessionValueError', path: 'n' });
  variables.data['n'] = [new PhpFloat(1)];
  assert.deepEqual(valuesOf(variables.encode())['n'], [new PhpFloat(1)]);
});

test('plain JSON is read, gets its envelope at the next change, and nothing in it is a tag', () => {
  const plain = Buffer.from(
    '{"a": {"$php":"object","class":"Evil","properties":{}}, "b": {"5":1}, "n": 1.0}',
  );
  const variables = new Variables(plain, 'json');
  assert.ok(variables.encode().equals(plain), 'unchanged');
  assert.deepEqual(variables.data['a'], { $php: 'object', class: 'Evil', properties: {} });
  variables.data['more'] = true;
  const written = variables.encode();
  assert.deepEqual(valuesOf(written), { ...valuesOf(plain), more: true });
  assert.match(written.toString(), /^\{"v":2,"data":\{.*"n":1\.0,"more":true\}\}$/);
  assert.ok(decodeEnvelope(written), 'another program reads it');
  assert.equal(new Payload(written, 'php').format, 'json');
});

test('an envelope that is damaged, newer or ambiguous is an error, and is not read as PHP', () => {
  const broken: [string, RegExp][] = [
    ['{"v":3,"data":{"n":1}}', /version 3 is newer than 2/],
    ['{"v":2,"data":{"n":1},"x":1}', /members/],
    ['{"v":2,"data":{"n":1', /not JSON/],
    ['{"v":2,"data":{"n":1,"n":2}}', /twice/],
    ['{"v":2,"data":{"name":"|i:1;admin|b:1;', /not JSON/],
    ['{"v":2,"data":5}', /not an object/],
    ['{"v":2,"data":{"secret":{"$php":"same","id":1}}}', /the id is of no object/],
  ];
  for (const [text, message] of broken) {
    for (const format of ['json', ...PHP] as const) {
      assert.throws(
        () => new Payload(Buffer.from(text), format),
        (error) => error instanceof SessionUnreadable && message.test(error.message),
        text,
      );
    }
  }
  const values = [
    '{"$php":"later"}',
    '{"$php":"int","value":5}',
    '{"\\u0024php":"later"}',
    '{"$php":"float","value":"1","value":"2"}',
  ];
  for (const value of values) {
    const payload = new Payload(Buffer.from(`{"v":2,"data":{"a":${value},"n":1}}`), 'json');
    assert.equal(payload.valueOf('n'), 1);
    assert.throws(() => payload.valueOf('a'), SessionUnreadable, value);
  }
});

test('a session that JSON cannot carry value by value is carried whole, and back', () => {
  let deep: PhpValue = 1;
  for (let level = 0; level < 600; level += 1) deep = [deep];
  const bytes = php('php', { deep, n: 1 });
  const carried = new Payload(bytes, 'json').with(new Map(), 'json');
  assert.match(carried.toString(), /^\{"v":2,"php":"/);
  const variables = new Variables(carried, 'json');
  variables.data['n'] = 2;
  const back = new Payload(variables.encode(), 'php').with(new Map(), 'php');
  assert.ok(back.equals(php('php', { deep, n: 2 })));
});

test('a merge keeps the types that another request has saved', () => {
  const base = new Payload(php('php', TYPED()), 'json').with(new Map(), 'json');
  const [mine, theirs] = [new Variables(base, 'json'), new Variables(base, 'json')];
  mine.data['n'] = 2;
  theirs.data['raw'] = Buffer.of(0xfd);
  const merged = merge(base, mine.encode(), theirs.encode(), 'json', () => false);
  const back = new Payload(merged, 'php').with(new Map(), 'php');
  assert.ok(back.equals(php('php', { ...TYPED(), n: 2, raw: Buffer.of(0xfd) })));
});

test('any value of JSON comes back as it was, and any other reader takes the row', () => {
  // fast-check's values of JSON have a -0, which JSON.stringify makes 0.
  const value = fc.jsonValue({ maxDepth: 3 }).map((json) => JSON.parse(JSON.stringify(json)));
  fc.assert(
    fc.property(fc.dictionary(fc.oneof(fc.string(), fc.constant('$php')), value), (data) => {
      const variables = new Variables(Buffer.alloc(0), 'json');
      for (const [name, each] of Object.entries(data)) {
        Object.defineProperty(variables.data, name, { value: each, enumerable: true });
      }
      const written = variables.encode();
      const found = valuesOf(written);
      assert.equal(Object.keys(data).length, Object.keys(found).length);
      for (const [name, each] of Object.entries(found)) assert.deepEqual(each, data[name]);
      if (written.length > 0) decodeEnvelope(written);
    }),
    { numRuns: 500 },
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  PhpEnum,
  PhpFloat,
  PhpObject,
  type PhpReference,
  PhpSerializable,
  type PhpValue,
  serialize,
  unserialize,
} from '../../src/serialize/index.ts';

const text = (value: PhpValue): string => serialize(value).toString('latin1');
const read = (bytes: string): PhpValue => unserialize(Buffer.from(bytes, 'latin1'));

test('keeps an int, a float and a float that is an integer apart', () => {
  assert.equal(text([1, 1.5, new PhpFloat(1)]), 'a:3:{i:0;i:1;i:1;d:1.5;i:2;d:1;}');
  assert.deepEqual(read('d:1;'), new PhpFloat(1));
  assert.equal(read('i:1;'), 1);
});

test('writes floats with the fewest digits that read back the same', () => {
  const floats = [0.1, 1e-5, -1.5e-7, 1e25, -0, Number.NaN, Number.POSITIVE_INFINITY, 0.005];
  assert.equal(
    floats.map((value) => text(Number.isInteger(value) ? new PhpFloat(value) : value)).join(' '),
    'd:0.1; d:1.0E-5; d:-1.5E-7; d:1.0E+25; d:-0; d:NAN; d:INF; d:0.005;',
  );
});

test('keeps all 64 bits of an int', () => {
  assert.equal(read('i:9223372036854775807;'), 9223372036854775807n);
  assert.equal(text(-9223372036854775808n), 'i:-9223372036854775808;');
  assert.equal(read('i:9007199254740991;'), 9007199254740991);
});

test('returns text for bytes that are UTF-8, and a Buffer for others', () => {
  assert.equal(read('s:2:"\xc3\xa9";'), 'é');
  assert.deepEqual(read('s:2:"\xff\xfe";'), Buffer.from([0xff, 0xfe]));
  assert.equal(text(Buffer.from([0xff, 0xfe])), 's:2:"\xff\xfe";');
});

test('returns an array for a list, an object for string keys, else a Map', () => {
  assert.deepEqual(read('a:2:{i:0;i:5;i:1;i:6;}'), [5, 6]);
  assert.deepEqual(read('a:1:{s:1:"a";i:5;}'), { a: 5 });
  assert.deepEqual(
    read('a:2:{i:1;i:5;i:0;i:6;}'),
    new Map([
      [1, 5],
      [0, 6],
    ]),
  );
  assert.deepEqual(
    read('a:2:{s:1:"a";i:5;i:3;i:6;}'),
    new Map<string | number, number>([
      ['a', 5],
      [3, 6],
    ]),
  );
});

test('keeps similar keys apart', () => {
  const value = [{ a: 1, b: 2 }, { a: 1, c: 3 }, { a: 4, b: 5, c: 6 }, { b: 7 }, {}];
  assert.deepEqual(read(text(value)), value.with(4, [] as never));
});

test('reads and writes a record of any length', () => {
  const keys = Array.from({ length: 100_000 }, (_, index) => [`k${index}`, 1]);
  const record = Object.fromEntries(keys) as Record<string, number>;
  assert.deepEqual(read(text(record)), record);
});

test('writes a key that is an int to PHP as an int', () => {
  assert.equal(text({ '5': 'a' }), 'a:1:{i:5;s:1:"a";}');
  assert.equal(text({ '05': 'a' }), 'a:1:{s:2:"05";s:1:"a";}');
  assert.deepEqual(read('a:1:{s:1:"5";i:1;}'), new Map([[5, 1]]));
});

test('lets __proto__ be an ordinary key', () => {
  const bytes = 'a:2:{s:9:"__proto__";a:1:{s:8:"polluted";b:1;}s:1:"a";i:1;}';
  for (let time = 0; time < 2; time++) {
    const value = read(bytes);
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
    assert.deepEqual(Object.keys(value as object), ['__proto__', 'a']);
    assert.equal(text(value), bytes);
  }
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
});

test('keeps the identity of an object', () => {
  const bytes = 'a:2:{i:0;O:3:"Foo":1:{s:4:"self";r:2;}i:1;r:2;}';
  const [first, second] = read(bytes) as [PhpObject, PhpObject];
  assert.equal(first, second);
  assert.equal(first.get('self'), first);
  assert.equal(text([first, second]), bytes);
});

test('keeps the identity of a variable', () => {
  const bytes = 'a:3:{i:0;i:1;i:1;R:2;s:1:"x";R:2;}';
  const value = read(bytes) as Map<unknown, PhpReference>;
  const box = value.get(0) as PhpReference;
  box.value = 7;
  assert.equal(value.get('x'), box);
  assert.equal(text(value as PhpValue), 'a:3:{i:0;i:7;i:1;R:2;s:1:"x";R:2;}');
});

test('counts slots as PHP does after more was appended', () => {
  const value = read('a:2:{i:0;O:3:"Foo":0:{}i:1;r:2;}') as PhpValue[];
  const second = new PhpObject('Foo');
  value.push(second, value[0] as PhpValue, second);
  assert.equal(text(value), 'a:5:{i:0;O:3:"Foo":0:{}i:1;r:2;i:2;O:3:"Foo":0:{}i:3;r:2;i:4;r:4;}');
});

test('reads and writes properties of any visibility by their names', () => {
  const bytes = 'O:4:"User":3:{s:1:"a";i:1;s:4:"\0*\0b";i:2;s:7:"\0User\0c";i:3;}';
  const user = read(bytes) as PhpObject;
  assert.deepEqual(
    [user.get('a'), user.get('b'), user.get('c'), user.get('d')],
    [1, 2, 3, undefined],
  );
  assert.deepEqual(
    [...user].map(({ name, visibility }) => `${visibility} ${String(name)}`),
    ['public a', 'protected b', 'private c'],
  );
  const built = new PhpObject('User', { a: 1 }).set('b', 2, 'protected').set('c', 3, 'private');
  assert.equal(text(built), bytes);
});

test('keeps the payload that a class wrote', () => {
  for (const bytes of [
    'C:3:"Foo":4:{abcd}',
    'O:11:"ArrayObject":4:{i:0;i:0;i:1;a:0:{}i:2;a:0:{}i:3;N;}',
    'a:2:{i:0;E:11:"Suit:Hearts";i:1;r:2;}',
    // PHP counts the four values in the payload too.
    'a:3:{i:0;C:1:"S":40:{a:2:{s:1:"x";i:1;s:1:"y";a:1:{i:0;i:2;}}}i:1;O:8:"stdClass":0:{}i:2;r:7;}',
    'a:3:{i:0;O:8:"stdClass":0:{}i:1;C:1:"S":4:{r:2;}i:2;r:2;}',
  ]) {
    assert.equal(text(read(bytes)), bytes);
  }
  assert.equal(text(new PhpSerializable('Foo', Buffer.from('abcd'))), 'C:3:"Foo":4:{abcd}');
});

test('writes a case of an enum that is named twice as one object', () => {
  const twice = [new PhpEnum('Suit', 'Hearts'), new PhpEnum('Suit', 'Hearts')];
  assert.equal(text(twice), 'a:2:{i:0;E:11:"Suit:Hearts";i:1;r:2;}');
});

test('refuses values that PHP cannot hold, with their path', () => {
  const refuse = (value: unknown, message: RegExp): void => {
    assert.throws(() => serialize(value as PhpValue), message);
  };
  refuse(
    { cart: [1, 2, { when: new Date(0) }] },
    /^UnserializableError: \$value\.cart\[2\]\.when: Date "1970/,
  );
  refuse([() => 1], /\$value\[0\]: PHP cannot hold a function/);
  refuse([Symbol('x')], /\$value\[0\]: PHP cannot hold a symbol/);
  refuse({ a: undefined }, /\$value\.a: PHP has no undefined/);
  refuse([new URL('http://a/')], /\$value\[0\]: instance of URL/);
  refuse(2 ** 63, /\$value: 9223372036854776000 is beyond the safe integers/);
  refuse(2n ** 63n, /does not fit into PHP's 64-bit int/);
  refuse({ 'a b': '\ud800' }, /\$value\["a b"\]: half a surrogate pair/);
  refuse(new Map([['k', new Map([[{}, 1]])]]), /\$value\.k\["\[object Object\]"\]: the key/);
});

test('refuses a property assigned to a Map or an empty list of PHP, which would be lost', () => {
  const cart = read('a:2:{s:6:"number";a:1:{i:5;i:1;}s:5:"empty";a:0:{}}') as Record<
    string,
    object
  >;
  assert.equal(text(cart as PhpValue), 'a:2:{s:6:"number";a:1:{i:5;i:1;}s:5:"empty";a:0:{}}');
  Object.assign(cart['number'] as object, { tea: 1 });
  const message = '$value.number.tea: a property of a Map: use set()';
  assert.throws(() => serialize(cart as PhpValue), { name: 'UnserializableError', message });
  delete cart['number'];
  Object.assign(cart['empty'] as object, { 'a b': 1 });
  assert.throws(
    () => serialize(cart as PhpValue),
    /\$value\.empty\["a b"\]: a property of an empty/,
  );
});

test('refuses a cycle of arrays', () => {
  const circle: PhpValue[] = [];
  circle.push([circle]);
  assert.throws(() => serialize(circle), /contains itself/);
});

test('does not share its buffer with a getter that serializes', () => {
  const value = {
    get inner() {
      return serialize('inner').toString();
    },
    after: 1,
  };
  assert.equal(text(value), 'a:2:{s:5:"inner";s:12:"s:5:"inner";";s:5:"after";i:1;}');
});

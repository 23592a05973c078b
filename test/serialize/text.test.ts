/** Half a surrogate pair has no UTF-8: it is refused at every place, and never replaced. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeSession,
  encodeSession,
  PhpEnum,
  type PhpKey,
  PhpObject,
  PhpSerializable,
  type PhpValue,
  serialize,
  unserialize,
} from '../../src/serialize/index.ts';

const HALF = 'A\ud800';

function pathOf(value: PhpValue): string {
  try {
    serialize(value);
  } catch (error) {
    assert.match(String(error), /^UnserializableError: /);
    return (error as { path: string }).path;
  }
  return assert.fail('it was written');
}

test('refuses half a surrogate pair in a string, with its path', () => {
  assert.equal(pathOf({ list: ['ok', HALF] }), '$value.list[1]');
  assert.equal(pathOf({ long: `${'x'.repeat(100)}${HALF}` }), '$value.long');
});

test('refuses half a surrogate pair in a key or a property name', () => {
  assert.equal(pathOf({ [HALF]: 1 }), String.raw`$value["A\ud800"]`);
  assert.equal(pathOf(new Map<PhpKey, PhpValue>([[HALF, 1]])), String.raw`$value["A\ud800"]`);
  assert.equal(pathOf([new PhpObject('A', { [HALF]: 1 })]), String.raw`$value[0]["A\ud800"]`);
});

test('refuses half a surrogate pair in the name of a class, an enum or its case', () => {
  assert.equal(pathOf({ a: new PhpObject(HALF) }), '$value.a');
  assert.equal(pathOf({ a: new PhpSerializable(HALF, Buffer.from('x')) }), '$value.a');
  assert.equal(pathOf({ a: new PhpEnum(HALF, 'Hearts') }), '$value.a');
  assert.equal(pathOf({ a: new PhpEnum('Suit', HALF) }), '$value.a');
});

test('refuses half a surrogate pair in the key of a session', () => {
  for (const format of ['php', 'php_binary', 'php_serialize'] as const) {
    assert.throws(() => encodeSession(format, { [HALF]: 1 }), {
      name: 'UnserializableError',
      path: String.raw`$_SESSION["A\ud800"]`,
    });
  }
});

test('refuses half a surrogate pair in input that is text', () => {
  assert.throws(() => unserialize(`s:4:"${HALF}";`), /^TypeError: the input: half a surrogate/);
  assert.throws(() => decodeSession('php', `${HALF}|i:1;`), /^TypeError: the input/);
});

test('refuses half a surrogate pair in a property whose class is bytes', () => {
  const object = new PhpObject(Buffer.from([0xff]));
  assert.throws(() => object.set(HALF, 1, 'private'), /^TypeError: the property name/);
});

test('finds properties by the bytes of their names and classes', () => {
  const [className, name] = [Buffer.from([0xff]), Buffer.from('n\xe9', 'latin1')];
  const bytes = Buffer.from(
    'O:1:"\xff":3:{s:4:"\0\xff\0p";i:1;s:2:"n\xe9";i:2;s:5:"\0*\0n\xe9";i:3;}',
    'latin1',
  );
  const object = unserialize<PhpObject>(bytes);
  assert.equal(object.get('p'), 1);
  assert.equal(object.get('p', className), 1);
  assert.equal(object.get(name), 2);
  object.set('p', 4, 'private', className).set(name, 5).set(name, 6, 'protected');
  assert.deepEqual([...object.properties.values()], [4, 5, 6]);
  const named = new PhpObject(Buffer.from('User')).set('p', 1, 'private');
  assert.equal(new PhpObject('User', named.properties).get('p'), 1);
});

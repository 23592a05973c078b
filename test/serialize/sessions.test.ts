import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeSession,
  encodeSession,
  type PhpKey,
  type PhpObject,
  type PhpReference,
  type PhpValue,
  serialize,
  unserialize,
} from '../../src/serialize/index.ts';

test('writes each key and its value', () => {
  const variables = { count: 3, user: 'ann' };
  assert.equal(String(encodeSession('php', variables).bytes), 'count|i:3;user|s:3:"ann";');
  assert.equal(
    String(encodeSession('php_binary', variables).bytes),
    '\x05counti:3;\x04users:3:"ann";',
  );
  assert.equal(
    String(encodeSession('php_serialize', variables).bytes),
    'a:2:{s:5:"count";i:3;s:4:"user";s:3:"ann";}',
  );
});

test('reads back what it wrote, in each format', () => {
  const variables = { count: 3, list: [1, 2], é: { a: null } };
  for (const format of ['php', 'php_binary', 'php_serialize'] as const) {
    const { bytes } = encodeSession(format, variables);
    assert.ok(bytes);
    assert.deepEqual(decodeSession(format, bytes).variables, variables);
  }
});

test('shares one object over all keys', () => {
  const bytes = 'a|O:8:"stdClass":0:{}b|r:1;';
  const { variables } = decodeSession<{ a: PhpObject; b: PhpObject }>('php', bytes);
  assert.equal(variables.a, variables.b);
  assert.equal(String(encodeSession('php', variables).bytes), bytes);
});

test('shares one variable over all keys', () => {
  const bytes = 'a|i:1;b|a:1:{i:0;R:1;}';
  const { variables } = decodeSession('php', bytes);
  assert.equal(String(encodeSession('php', variables).bytes), bytes);
});

test('skips an integer key with a warning', () => {
  const { bytes, messages } = encodeSession(
    'php',
    new Map<PhpKey, PhpValue>([
      [0, 1],
      ['a', 2],
    ]),
  );
  assert.equal(String(bytes), 'a|i:2;');
  assert.deepEqual(
    messages.map(({ message }) => message),
    ['session_encode(): Skipping numeric key 0'],
  );
  assert.equal(String(encodeSession('php', { 5: 1 }).bytes), 'false');
});

test('writes nothing at all where a key has a |, silently before PHP 8.5', () => {
  assert.deepEqual(encodeSession('php', { a: 1, 'b|c': 2 }), { bytes: false, messages: [] });
  const { messages } = encodeSession('php', { 'b|c': 2 }, { version: '8.5' });
  assert.equal(
    messages[0]?.message,
    'session_encode(): Failed to write session data. Data contains invalid key "b|c"',
  );
  assert.equal(String(encodeSession('php_binary', { 'b|c': 2 }).bytes), '\x03b|ci:2;');
});

test('drops a key that php_binary has no length for', () => {
  const long = 'k'.repeat(128);
  assert.equal(String(encodeSession('php_binary', { [long]: 1, a: 2 }).bytes), '\x01ai:2;');
});

test('returns the variables before an error, and the error', () => {
  const { variables, error } = decodeSession('php', 'a|i:1;b|i:x;');
  assert.deepEqual(variables, { a: 1 });
  assert.equal(error?.offset, 8);
  assert.ok(decodeSession('php', 'no delimiter').error);
  const cut = decodeSession('php_binary', '\x05a');
  assert.ok(cut.error && cut.endsInKey);
});

test('lets php_serialize ignore trailing bytes and hold a scalar', () => {
  assert.deepEqual(decodeSession('php_serialize', 'a:1:{s:1:"a";i:1;}rest').variables, { a: 1 });
  assert.equal(decodeSession('php_serialize', 'i:5;').scalar, 5);
});

test('reads no bytes as no variables', () => {
  for (const format of ['php', 'php_binary', 'php_serialize'] as const) {
    assert.deepEqual(decodeSession(format, ''), {
      variables: {},
      messages: [],
      error: undefined,
    });
  }
});

test('keeps a key that only looks like a number a string', () => {
  const { variables } = decodeSession('php', '5|i:1;');
  assert.deepEqual(variables, new Map([['5', 1]]));
  assert.equal(String(encodeSession('php', variables).bytes), '5|i:1;');
});

test('lets __proto__ be an ordinary key', () => {
  const bytes = '__proto__|a:1:{s:8:"polluted";b:1;}';
  const { variables } = decodeSession('php', bytes);
  assert.equal(Object.getPrototypeOf(variables), Object.prototype);
  assert.equal(String(encodeSession('php', variables).bytes), bytes);
});

test('does not mix the messages of two sessions', () => {
  const quiet = decodeSession('php', 'a|i:1;');
  const loud = decodeSession('php', 'a|i:99999999999999999999;');
  const later = decodeSession('php', 'a|i:2;');
  assert.deepEqual(
    loud.messages.map(({ message }) => message),
    ['session_decode(): Numerical result out of range'],
  );
  assert.deepEqual([quiet.messages, later.messages], [[], []]);
});

test('begins its messages with the function that the caller names', () => {
  const options = { caller: 'session_start()', version: '8.5' } as const;
  assert.deepEqual(decodeSession('php', 'a|i:99999999999999999999;', options).messages, [
    { level: 'E_WARNING', message: 'session_start(): Numerical result out of range' },
  ]);
  assert.deepEqual(encodeSession('php', { 'b|c': 2 }, options).messages, [
    {
      level: 'E_WARNING',
      message: 'session_start(): Failed to write session data. Data contains invalid key "b|c"',
    },
  ]);
});

test('keeps a reference to the outermost value, which PHP itself loses', () => {
  for (const bytes of [
    'O:4:"Node":2:{s:4:"name";s:1:"n";s:2:"up";R:1;}',
    'O:4:"Node":2:{s:4:"left";R:1;s:5:"right";R:1;}',
  ]) {
    assert.equal(serialize(unserialize(bytes)).toString(), bytes);
  }
});

test('reads php_serialize data that refers to its whole array', () => {
  const bytes = 'a:2:{s:1:"t";i:4;s:3:"top";R:1;}';
  const { variables, error } = decodeSession<{ t: number; top: PhpReference }>(
    'php_serialize',
    bytes,
  );
  assert.equal(error, undefined);
  assert.equal(variables.top.value, variables);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeSession,
  type PhpMessage,
  type PhpValue,
  serialize,
  UnserializeError,
  unserialize,
} from '../../src/serialize/index.ts';

function offsetOf(bytes: string): number {
  try {
    unserialize(Buffer.from(bytes, 'latin1'), { onMessage: () => {} });
  } catch (error) {
    assert.ok(error instanceof UnserializeError);
    return error.offset;
  }
  return assert.fail(`${bytes} was accepted`);
}

test("stops at PHP's offset, with PHP's message", () => {
  assert.throws(() => unserialize('a:1:{i:0;i:1'), {
    name: 'UnserializeError',
    message: 'unserialize(): Error at offset 9 of 12 bytes',
    offset: 9,
  });
});

test('reports the offset of the element, not of the byte', () => {
  const cases: [string, number][] = [
    ['i:1', 0],
    ['s:3:"abc"x', 9],
    ['s:3:"abcd";', 8],
    ['s:9:"abc";', 2],
    ['a:5:{}', 5],
    ['a:0:{x', 5],
    ['a:1:{R:1;i:1;}', 9],
    ['a:1:{N;i:1;}', 7],
    ['a:2:{i:0;i:5;i:1;r:2;}', 21],
    ['O:3:"a b":0:{}', 0],
    ['O:3:"Foo":5:{}', 11],
    ['O:3:"Foo":0:x', 12],
    ['C:3:"Foo":2:{abcd}', 15],
    ['b:2;', 0],
    ['d:+INF;', 0],
  ];
  assert.deepEqual(
    cases.map(([bytes]) => [bytes, offsetOf(bytes)]),
    cases,
  );
});

test('accepts the odd forms that PHP accepts', () => {
  const cases: [string, string][] = [
    ['i:+5;', 'i:5;'],
    ['i:-0;', 'i:0;'],
    ['d:.5;', 'd:0.5;'],
    ['d:5.;', 'd:5;'],
    ['s:05:"hello";', 's:5:"hello";'],
    ['O:3:"Foo":+0:{}', 'O:3:"Foo":0:{}'],
    ['O:8:"STDCLASS":0:{}', 'O:8:"stdClass":0:{}'],
    ['a:3:{i:0;i:5;i:0;i:6;i:1;R:2;}', 'a:2:{i:0;i:6;i:1;R:2;}'],
    ['a:2:{s:1:"a";i:1;s:1:"a";i:2;}', 'a:1:{s:1:"a";i:2;}'],
    ['O:8:"stdClass":1:{i:5;i:1;}', 'O:8:"stdClass":1:{s:1:"5";i:1;}'],
    ['O:1:"A":1:{s:27:"__PHP_Incomplete_Class_Name";s:1:"B";}', 'O:1:"B":0:{}'],
    [
      'a:2:{i:0;O:1:"A":1:{s:27:"__PHP_Incomplete_Class_Name";s:1:"B";}i:1;R:3;}',
      'a:2:{i:0;O:22:"__PHP_Incomplete_Class":0:{}i:1;s:1:"B";}',
    ],
    [
      'a:2:{i:0;O:1:"A":1:{s:27:"__PHP_Incomplete_Class_Name";O:1:"B":0:{}}i:1;r:3;}',
      'a:2:{i:0;O:22:"__PHP_Incomplete_Class":0:{}i:1;O:1:"B":0:{}}',
    ],
  ];
  assert.deepEqual(
    cases.map(([bytes]) => [bytes, serialize(unserialize(bytes)).toString()]),
    cases,
  );
});

test("reports PHP's messages in PHP's whole text", () => {
  const reported: string[] = [];
  const onMessage = ({ level, message }: PhpMessage): void => {
    reported.push(`${level} ${message}`);
  };
  assert.equal(unserialize('i:99999999999999999999;x', { onMessage }), 9223372036854775807n);
  assert.equal(unserialize('S:2:"\\61b";', { onMessage }), 'ab');
  assert.deepEqual(reported, [
    'E_WARNING unserialize(): Numerical result out of range',
    'E_WARNING unserialize(): Extra data starting at offset 23 of 24 bytes',
    "E_DEPRECATED unserialize(): Unserializing the 'S' format is deprecated",
  ]);
});

test('ignores trailing bytes in PHP 8.2 without a message', () => {
  const onMessage = (): void => assert.fail('8.2 has no message');
  assert.equal(unserialize('i:1;x', { version: '8.2', onMessage }), 1);
});

test('returns false for no bytes, as PHP does', () => {
  assert.equal(unserialize(''), false);
});

test('refuses deeper nesting than maxDepth', () => {
  const nested = (depth: number): string => `${'a:1:{i:0;'.repeat(depth)}N;${'}'.repeat(depth)}`;
  assert.doesNotThrow(() => unserialize(nested(4096)));
  assert.throws(
    () => unserialize(nested(4097)),
    (error) =>
      error instanceof UnserializeError &&
      error.messages[0]?.message.startsWith('unserialize(): Maximum depth of 4096 exceeded.') ===
        true,
  );
});

test('reads and writes 200,000 levels without a stack overflow', () => {
  const depth = 200_000;
  const bytes = `${'a:1:{s:1:"a";'.repeat(depth)}N;${'}'.repeat(depth)}`;
  const value = unserialize(bytes, { maxDepth: 0 });
  assert.equal(serialize(value).toString(), bytes);
  let deep: PhpValue = null;
  for (let level = 0; level < depth; level++) deep = [deep];
  assert.equal(serialize(deep).length, depth * 10 + 2);
});

test('refuses more bytes than maxLength', () => {
  assert.throws(
    () => unserialize('i:12345;', { maxLength: 4 }),
    /^RangeError: Input is 8 bytes, maxLength is 4;/,
  );
});

test('refuses a count that the bytes cannot hold', () => {
  assert.equal(offsetOf('a:1000000000:{i:0;i:1;}'), 14);
  assert.equal(offsetOf('s:99999999999:"a";'), 2);
});

test('reports the error as a notice up to PHP 8.2', () => {
  const level = (version: '8.2' | '8.3'): string => {
    try {
      unserialize('i:1', { version });
    } catch (error) {
      if (error instanceof UnserializeError) return error.level;
    }
    return 'none';
  };
  assert.equal(level('8.2'), 'E_NOTICE');
  assert.equal(level('8.3'), 'E_WARNING');
});

test('reports a length of 64 bits to its last digit', () => {
  const input = 'C:3:"Foo":9223372036854775807:{a}';
  assert.throws(
    () => unserialize(input),
    ({ messages }: UnserializeError) =>
      messages[0]?.message ===
      'Insufficient data for unserializing - 9223372036854775807 required, 2 present',
  );
});

test('warns of the count of an array in the place of a key', () => {
  assert.throws(
    () => unserialize('a:1:{a:9999999999999999999:{'),
    ({ messages, offset }: UnserializeError) =>
      offset === 28 && messages[0]?.message === 'unserialize(): Numerical result out of range',
  );
});

test('drops the payload that stdClass cannot read, and refuses it from PHP 8.6 on', () => {
  const reported: string[] = [];
  const onMessage = ({ message }: PhpMessage): void => {
    reported.push(message);
  };
  const input = 'a:1:{i:0;C:8:"stdClass":4:{i:1;}}';
  const value = unserialize(input, { version: '8.5', onMessage });
  assert.equal(serialize(value).toString(), 'a:1:{i:0;O:8:"stdClass":0:{}}');
  assert.deepEqual(reported, ['Class stdClass has no unserializer']);
  assert.throws(() => unserialize('C:8:"stdClass":0:{}', { version: '8.6' }), {
    message: 'unserialize(): Error at offset 18 of 19 bytes',
    messages: [{ level: 'E_WARNING', message: 'Class stdClass has no unserializer' }],
  });
});

test('reports the messages before an error to onMessage as well', () => {
  const reported: string[] = [];
  const onMessage = ({ message }: PhpMessage): void => {
    reported.push(message);
  };
  assert.throws(() => unserialize('a:1:{i:0;i:99999999999999999999;', { onMessage }));
  assert.deepEqual(reported, ['unserialize(): Numerical result out of range']);
});

test('refuses invalid limits, the depth as PHP does', () => {
  const input = 'a:1:{i:0;N;}';
  assert.throws(() => unserialize(input, { maxDepth: -1 }), {
    name: 'RangeError',
    message: 'unserialize(): Option "max_depth" must be greater than or equal to 0',
  });
  for (const maxDepth of [Number.NaN, 1.5, Number.POSITIVE_INFINITY]) {
    assert.throws(
      () => unserialize(input, { maxDepth }),
      /^TypeError: .* must be of type int, float given/,
    );
    assert.throws(() => decodeSession('php', input, { maxDepth }), /^TypeError/);
  }
  for (const maxLength of [Number.NaN, -1]) {
    assert.throws(() => unserialize(input, { maxLength }), /^RangeError: maxLength is/);
  }
});

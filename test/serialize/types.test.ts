import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeSession,
  encodeSession,
  PhpFloat,
  PhpReference,
  serialize,
  unserialize,
} from '../../src/serialize/index.ts';

// The compiler, which `npm test` runs first, fails for an @ts-expect-error without an error.

test('does not compile with a value that PHP cannot hold', () => {
  // @ts-expect-error a Date is not a value of PHP
  assert.throws(() => serialize({ when: new Date(0) }));
  // @ts-expect-error undefined is not a value of PHP
  assert.throws(() => serialize({ a: undefined }));
  // @ts-expect-error a function is not a value of PHP
  assert.throws(() => serialize(() => 1));
});

test('does not compile with a format that PHP does not have', () => {
  // @ts-expect-error there are three
  encodeSession('json', {});
  // @ts-expect-error a session is not a list
  encodeSession('php', [1]);
});

test("takes the session's shape", () => {
  const { variables } = decodeSession<{ count: number }>('php', 'count|i:3;');
  const count: number = variables.count;
  assert.equal(count, 3);
  const list = unserialize<number[]>('a:1:{i:0;i:5;}');
  assert.equal(list[0], 5);
  const box = new PhpReference(new PhpFloat(1));
  assert.equal(box.value.value, 1);
  // @ts-expect-error the box holds floats
  box.value = 'text';
});

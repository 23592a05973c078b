import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeValue } from '../../../src/workshop/sandbox/trace.ts';

test('bytes that are text are shown as text, and all others as their number', () => {
  assert.equal(describeValue(Buffer.from('name|s:4:"Zoë";')), JSON.stringify('name|s:4:"Zoë";'));
  assert.equal(describeValue(Buffer.from([0x66, 0xff])), '2 bytes');
  assert.equal(describeValue(Buffer.from('a\0b')), '3 bytes');
});

/** The row's table in the lab: its values in either format. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeRow } from '../../../src/workshop/lab/decoded-row.ts';
import { anatomy } from '../../../src/workshop/lab/views/anatomy.ts';

const rowOf = (text: string) => decodeRow(Buffer.from(text));

test('a row of PHP and its envelope show the same values', () => {
  const name = 'Mallory|role|s:5:"admin";';
  const shown = [
    { key: 'user', type: 'string', value: name },
    { key: 'price', type: 'float', value: '1' },
  ];
  assert.deepEqual(rowOf(`user|s:25:"${name}";price|d:1;`), shown);
  const price = '{"$php":"float","value":"1"}';
  assert.deepEqual(
    rowOf(`{"v":2,"data":{"user":${JSON.stringify(name)},"price":${price}}}`),
    shown,
  );
});

test('a damaged envelope has no values, though its rest looks like a row of PHP', () => {
  assert.equal(rowOf('{"v":2,"data":{"user":"|i:1;admin|b:1;'), undefined);
});

test('JSON is not taken apart as a broken row of PHP', () => {
  const taken = (text: string) => String(anatomy(Buffer.from(text), 'a1'));
  assert.match(taken('{"v":2,"data":{"user":"a|i:1"}}'), /^<p class="muted small">JSON/);
  assert.match(taken('user|i:1'), /broken at byte/);
});

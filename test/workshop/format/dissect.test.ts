import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../../../src/workshop/course/catalogue.ts';
import { dissect } from '../../../src/workshop/format/dissect.ts';

test('every byte belongs to exactly one part', () => {
  const bytes = Buffer.from('a|i:1;b|a:2:{i:0;s:3:"Zoë";i:1;N;}'.replace('s:3', 's:4'));
  let end = 0;
  for (const part of dissect(bytes)) {
    assert.equal(part.offset, end);
    end += part.length;
  }
  assert.equal(end, bytes.length);
});

test('a bar and quotes inside a string are part of the string', () => {
  const parts = dissect(Buffer.from('name|s:8:"x|i:1;";";'));
  assert.deepEqual(
    parts.filter(({ role }) => role === 'value').map(({ offset, length }) => [offset, length]),
    [[10, 8]],
  );
  assert.equal(parts.filter(({ role }) => role === 'key').length, 1);
});

test('an empty session has no parts', () => {
  assert.deepEqual(dissect(new Uint8Array()), []);
});

test('bytes in another format are refused with their offset', () => {
  refuses('count', /something that ends with "\|" at byte 0/);
  refuses('count|', /a letter for a type at byte 6/);
  refuses('a|s:1:"Zo";', /""" at byte 8/);
  refuses('a|s:-1:"";', /a count at byte 4/);
});

test('a size that promises more than there is reads nothing beyond the end', () => {
  refuses('a|s:5:"Zo";', /5 bytes at byte 7/);
  refuses('a|a:2:{i:0;i:1;}', /a letter for a type at byte 15/);
});

test('nesting that is too deep is refused', () => {
  refuses(`a|${'a:1:{i:0;'.repeat(200)}`, /no more than 100 levels/);
});

test('every example on the page about the format is in the format', () => {
  const page = readFileSync(join(root, 'docs/the-format.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w)` \|.*\| `([^`]+)` \|$/gm)];
  assert.deepEqual(new Set(rows.map(([, letter]) => letter)), new Set('NbidsaOECrR'));
  for (const [, letter, example = ''] of rows) {
    const types = dissect(Buffer.from(`x|${example}`)).filter(({ role }) => role === 'type');
    const letters = types.map(({ offset }) => example[offset - 2]);
    assert.ok(letters.includes(letter), `${example} shows no ${letter}`);
  }
});

function refuses(bytes: string, message: RegExp): void {
  assert.throws(() => dissect(Buffer.from(bytes)), { name: 'RangeError', message });
}

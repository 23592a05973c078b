import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { unserialize } from '../../../src/serialize/index.ts';
import { anatomyOf } from '../../../src/workshop/lab/anatomy.ts';
import {
  drawn,
  emptyTable,
  inspectPage,
  openLab,
  reads,
  skip,
  type VisitOptions,
} from './visitor.ts';

const { visit } = await openLab();

/** A page of lesson 3, whose Write takes any data that is typed. */
async function write(data: string, options: VisitOptions = {}): Promise<Page> {
  const { page } = await visit('/lesson/03/?class=lesson-03', options);
  await emptyTable(page);
  await page.locator('#call-Open').click();
  await page.locator('#answer').getByText('answers true').waitFor();
  await page.locator('#call-data').fill(data);
  await page.locator('#call-Write').click();
  await page.locator('.anatomy').waitFor();
  await drawn(page);
  return page;
}

const sentence = (page: Page) => page.locator('.sentence:visible');

test('each part of a row has its bytes, its place and a sentence', () => {
  const { pieces, broken } = anatomyOf(Buffer.from('count|i:3;'));
  assert.equal(broken, undefined);
  assert.deepEqual(
    pieces.map(({ text, sentence: said }) => `${text} ${said}`),
    [
      'count Bytes 0 to 4: the key in $_SESSION.',
      '| Byte 5: ends the key.',
      'i Byte 6: a whole number follows.',
      ': Byte 7: separates the type from the rest.',
      '3 Byte 8: the number.',
      '; Byte 9: ends the value.',
    ],
  );
});

test('a string of more bytes than characters shows both', () => {
  const { pieces } = anatomyOf(Buffer.from('name|s:6:"Zoë|;";'));
  const value = pieces.find(({ text }) => text === 'Zoë|;');
  assert.equal(value?.sentence, 'Bytes 10 to 15: the string. 6 bytes, 5 characters.');
  assert.deepEqual(value?.characters[2], { character: 'ë', bytes: 'c3 ab' });
});

test('invalid UTF-8 is shown as bytes', () => {
  const { pieces } = anatomyOf(Buffer.from('a|s:2:"\xff\xfe";', 'latin1'));
  const value = pieces.find(({ offset }) => offset === 7);
  assert.equal(value?.sentence, 'Bytes 7 to 8: the string. Invalid UTF-8: ff fe.');
});

test('broken data keeps its readable parts and says where and why it breaks', () => {
  const bytes = Buffer.from('a|i:1;name|s:5:"Zoë|;";');
  const { pieces, broken } = anatomyOf(bytes);
  assert.equal(pieces.filter(({ role }) => role === 'key').length, 2);
  assert.equal(pieces.at(-1)?.role, 'rest');
  const last = pieces.at(-1);
  assert.equal((last?.offset ?? 0) + (last?.length ?? 0), bytes.length);
  assert.match(broken?.message ?? '', /^unserialize\(\): Error at offset \d+ of 24 bytes$/);
  assert.match(broken?.why ?? '', /^Expected """ at byte 21, found ;";$/);
});

test('the offset of a break is PHP’s own', () => {
  assert.throws(() => unserialize('i:3'), { offset: 0 });
  assert.equal(anatomyOf(Buffer.from('count|i:3')).broken?.offset, 6);
  assert.match(anatomyOf(Buffer.from('count|')).broken?.why ?? '', /at byte 6, found the end$/);
  assert.match(
    anatomyOf(Buffer.from('count|i:3')).broken?.why ?? '',
    /^Expected something that ends with ";" at byte 8, found 3$/,
  );
});

test('an invalid value in the right format is broken as well', () => {
  const { pieces, broken } = anatomyOf(Buffer.from('a|i:x;'));
  assert.ok(pieces.every(({ role }) => role !== 'rest'));
  assert.match(broken?.message ?? '', /Error at offset 2 of 6 bytes/);
});

test('a limit of the page is not reported as a fault of the data', () => {
  const deep = `a|${'a:1:{i:0;'.repeat(150)}N;${'}'.repeat(150)}`;
  const { broken } = anatomyOf(Buffer.from(deep));
  assert.equal(broken?.offset, undefined);
  assert.match(broken?.why ?? '', /no more than 100 levels/);
});

test('a row of thousands of parts shows its ends and counts the rest', () => {
  const { pieces, omitted } = anatomyOf(Buffer.from('a|i:1;'.repeat(2_000)));
  assert.equal(omitted?.count, 2_000 * 6 - pieces.length);
  assert.ok(pieces.length < 100);
  assert.equal(pieces.at(-1)?.offset, 2_000 * 6 - 1);
});

test('the parts are walked with the arrow keys', { skip }, async () => {
  const page = await write('name|s:6:"Zoë|;";');
  await page.locator('.anatomy summary').click();
  assert.equal(await sentence(page).count(), 0);
  await page.locator('.strip input').first().focus();
  await page.keyboard.press('Space');
  await sentence(page).getByText('Bytes 0 to 3: the key in $_SESSION.').waitFor();
  for (let presses = 0; presses < 6; presses += 1) await page.keyboard.press('ArrowRight');
  await sentence(page).getByText('Bytes 10 to 15: the string. 6 bytes, 5 characters.').waitFor();
  await reads(page.locator('.letters:visible .wide'), /ë\s+c3 ab/);
  const focused = page.locator('.strip input:focus');
  assert.match((await focused.getAttribute('aria-label')) ?? '', /^Zoë\|; Bytes 10 to 15/);
});

test('news from the table leaves the chosen part chosen', { skip }, async () => {
  const page = await write('a|i:1;');
  await page.locator('.anatomy summary').click();
  await page.locator('.piece').nth(4).click();
  await sentence(page).getByText('Byte 4: the number.').waitFor();
  await page.locator('#call-id').fill('2');
  await page.locator('#call-Write').click();
  await page.locator('.rows .new').first().waitFor();
  await sentence(page).getByText('Byte 4: the number.').waitFor();
});

test('without script a part is chosen and explained as well', { skip }, async () => {
  const page = await write('a|s:1:"Zo";', { script: false });
  await reads(page.locator('.anatomy .message'), /unserialize\(\): Error at/);
  await page.locator('.strip input').first().focus();
  await page.keyboard.press('Space');
  await sentence(page).getByText('Byte 0: the key in $_SESSION.').waitFor();
  await page.locator('.piece.rest').click();
  await sentence(page).getByText('unreadable; expected').waitFor();
});

for (const dark of [false, true]) {
  test(`the pieces are named and readable in ${dark ? 'dark' : 'light'} colours`, {
    skip,
  }, async () => {
    const page = await write('name|s:6:"Zoë|;";a|s:1:"Zo";', { dark });
    await page.locator('.piece').nth(6).click();
    assert.deepEqual(await inspectPage(page), []);
  });
}

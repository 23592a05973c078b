import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import {
  counts,
  inspectPage,
  openLab,
  overflow,
  reads,
  skip,
  type VisitOptions,
} from './visitor.ts';

const { workshop: lab, visit } = await openLab();

/** Opens a pair whose tables are empty. */
async function open(query: string, options: VisitOptions = {}) {
  const visited = await visit(`/compare/?${query}`, options);
  await visited.page.getByRole('button', { name: 'Empty both tables' }).click();
  await visited.page.locator('#differences').getByText('Press Visit:').waitFor();
  return visited;
}
const answer = (page: Page, side: string) => page.locator(`#${side}-page .shown`);
const difference = (page: Page, what: string) =>
  page.locator('.differs tbody tr').filter({ has: page.getByRole('rowheader', { name: what }) });

test('one click goes to both classes, and their differences are described in words', {
  skip,
}, async () => {
  const { page, complaints } = await open('left=lesson-16&right=lesson-17');
  await page.locator('#visit-you').click();
  await answer(page, 'left').getByText('Count: 1').waitFor();
  await answer(page, 'right').getByText('Count: 1').waitFor();
  const row = difference(page, 'differs: Set-Cookie has HttpOnly');
  await row.waitFor();
  assert.deepEqual(await row.locator('td').allInnerTexts(), ['no', 'yes']);
  await reads(page.locator('#left-wire .got'), /Set-Cookie: MySession=/);
  await reads(page.locator('#right-wire .got'), /Set-Cookie: __Host-/);
  await reads(page.locator('#left-rows'), /sessions · 1 row/);
  await reads(page.locator('#right-rows'), /sessions · 1 row/);
  await counts(page.locator('#left-requests .request'), 1);
  await counts(page.locator('#right-requests .request'), 1);
  assert.deepEqual(complaints, []);
});

test('the same cookie gets two different answers', { skip }, async () => {
  const { page } = await open('left=lesson-06&right=lesson-07');
  await page.locator('#login-you').click();
  await answer(page, 'right').getByText('ann').waitFor();
  await answer(page, 'left').getByText('ann').waitFor();
  const almost = `${await page.locator('#left-cookie code').innerText()}.0`;
  await page.locator('#cookie-line-you').fill(almost);
  await page.locator('#keep-you').click();
  await page.locator('#left-cookie').getByText(almost).waitFor();
  await page.locator('#right-cookie').getByText(almost).waitFor();
  await page.locator('#whoami-you').click();
  await difference(page, 'differs: answer').waitFor();
  const [left, right] = await difference(page, 'differs: answer').locator('td').allInnerTexts();
  assert.match(left ?? '', /ann/);
  assert.doesNotMatch(right ?? '', /ann/);
});

test('statements that only one class sends are marked in words', { skip }, async () => {
  const { page } = await open('left=lesson-12&right=lesson-13');
  await page.locator('#visit-you').click();
  await answer(page, 'left').getByText('Count: 1').waitFor();
  await answer(page, 'right').getByText('Count: 1').waitFor();
  await page.locator('#visit-you').click();
  await answer(page, 'right').getByText('Count: 2').waitFor();
  const statements = difference(page, 'differs: statements');
  await statements.locator('ins', { hasText: 'LOCK' }).first().waitFor();
  assert.match((await statements.locator('ins').first().textContent()) ?? '', /^only here: /);
});

test('two visits at once go to both classes', { skip }, async () => {
  const { page } = await open('left=lesson-10&right=lesson-13');
  await page.locator('#visit-you').click();
  await answer(page, 'right').getByText('Count: 1').waitFor();
  await page.locator('#twice-you').click();
  await page.locator('#right-requests .request').nth(2).waitFor();
  await page.locator('#left-requests .request').nth(2).waitFor();
  await page.locator('#right-rows').getByText('count|i:').waitFor();
  await page.locator('#forget-you').click();
  await page.locator('#left-cookie').getByText('none').waitFor();
  await page.locator('#right-cookie').getByText('none').waitFor();
});

test('the previous lesson is on the left, and each lesson links to its pair', {
  skip,
}, async () => {
  const { page } = await visit('/lesson/10/?class=lesson-10');
  await page.getByRole('link', { name: 'Side by side' }).click();
  await page.locator('#left-heading').getByText('lesson 09').waitFor();
  await reads(page.locator('#right-heading'), /lesson 10/);
  await page.locator('#pick-left').selectOption('wrong-10-replace-into');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.locator('#left-heading').getByText('wrong-10-replace-into').waitFor();
});

test('two classes are compared without script', { skip }, async () => {
  const { page } = await open('left=lesson-08&right=lesson-09', { script: false });
  await page.locator('#visit-you').click();
  const [left, right] = await difference(page, 'differs: id in the row')
    .locator('td')
    .allInnerTexts();
  assert.equal(left, 'the cookie’s own value');
  assert.equal(right, '32 bytes that the cookie does not hold');
});

test('a class on both sides gets each request once', { skip }, async () => {
  const { page } = await visit('/compare/?left=lesson-11&right=lesson-11');
  await page.locator('#differences').getByText('Both sides are lesson 11').waitFor();
  await page.getByRole('button', { name: 'Empty both tables' }).click();
  await page.locator('#visit-you').click();
  await answer(page, 'right').getByText('Count: 1').waitFor();
  await counts(page.locator('#left-requests .request'), 1);
});

test('names, headings and contrast of a pair hold, light and dark', { skip }, async () => {
  for (const dark of [false, true]) {
    const { page } = await open('left=lesson-16&right=lesson-17', { dark });
    await page.locator('#visit-you').click();
    await page.locator('.differs').waitFor();
    await page.locator('#right-requests .request').waitFor();
    assert.deepEqual(await inspectPage(page), []);
  }
});

test('a pair fits on a projector and a telephone', { skip }, async () => {
  for (const width of [1280, 320]) {
    const { page } = await open('left=lesson-12&right=lesson-13', { width, height: 800 });
    await page.locator('#visit-you').click();
    await page.locator('.differs').waitFor();
    assert.ok((await overflow(page)) <= 0, `too wide at ${width}`);
  }
});

test('an unknown class is answered with those there are', async () => {
  const reply = await fetch(`${lab.address}/compare/?left=lesson-99`);
  assert.equal(reply.status, 404);
  assert.match(await reply.text(), /There is no class .*lesson-99/);
});

test('a button of a pair without the token of this start does nothing', async () => {
  const body = new URLSearchParams({ left: 'lesson-08', right: 'lesson-09', token: 'guess' });
  const reply = await fetch(`${lab.address}/both`, { method: 'POST', body });
  assert.equal(reply.status, 403);
});

/** A lesson's page before and after the learner begins the lesson, and the prediction. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import type { Page } from 'playwright-core';
import { findLesson, readLessons } from '../../../src/workshop/course/catalogue.ts';
import { classBefore } from '../../../src/workshop/lab/steps.ts';
import { drawn, inspectPage, lastSaid, openLab, reads, skip } from './visitor.ts';
import { copyProject } from './workshop.ts';

const project = copyProject();
after(() => project.remove());
const { workshop: lab, visit } = await openLab([], undefined, project.folder);
const lessons = readLessons();
const note = join(dirname(project.mine), 'state.json');

beforeEach(() => {
  rmSync(project.mine, { force: true });
  writeFileSync(note, '{"lesson":7}');
});

/** Writes a lesson's class as the learner's own. */
function writeMine(lesson: number, more = ''): void {
  const text = readFileSync(findLesson(lessons, lesson).files.class, 'utf8');
  writeFileSync(project.mine, text + more);
}

const atWork = (page: Page) => page.locator('.picker [aria-current]');

test('a lesson opens with the class that its text attacks', () => {
  for (const lesson of lessons.filter(({ files }) => files.attack)) {
    const text = readFileSync(lesson.files.readme, 'utf8');
    const attacked = /<!-- transcript: attack on ([\w-]+) -->/.exec(text)?.[1];
    assert.equal(classBefore(lesson, lessons), attacked, lesson.slug);
  }
});

test('the first press agrees with the text, and nothing gives the answer away', {
  skip,
}, async () => {
  const { page } = await visit('/');
  await reads(page.locator('h1'), /^7 /);
  await reads(atWork(page), /^lesson-06/);
  for (const hidden of ['#code .listing', '#walkthrough figure', '#hints .prose']) {
    assert.equal(await page.locator(hidden).first().isVisible(), false, hidden);
  }
  await page.locator('#attack-07').click();
  await page.locator('.verdict').getByText('BREACHED').waitFor();
});

test('a lesson opens with the learner’s class as soon as they have changed it', {
  skip,
}, async () => {
  writeMine(6);
  const hash = createHash('sha256').update(readFileSync(project.mine)).digest('hex');
  const { page } = await visit('/lesson/07/');
  await reads(atWork(page), 'mine your own');
  for (const start of [
    { given: hash },
    { lessons: { [findLesson(lessons, 7).slug]: { begunWith: hash } } },
  ]) {
    writeFileSync(note, JSON.stringify({ lesson: 7, ...start }));
    await page.reload();
    await reads(atWork(page), /^lesson-06/);
  }
  writeMine(6, '// begun\n');
  await page.reload();
  await reads(atWork(page), 'mine your own');
  await page.goto(`${lab.address}/lesson/03/`);
  await reads(atWork(page), 'mine your own');
  await page.goto(`${lab.address}/lesson/08/`);
  await reads(atWork(page), /^lesson-07/);
});

test('a prediction is made by keyboard, kept, and shown beside the verdict', { skip }, async () => {
  writeMine(9);
  writeFileSync(note, '{"lesson":10}');
  const { page } = await visit('/lesson/10/');
  await drawn(page);
  await page.locator('#says-held').focus();
  await page.keyboard.press('Enter');
  await page.locator('#says-held[aria-pressed=true]').waitFor();
  await reads(lastSaid(page), 'You said: held.');
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'says-held');
  assert.deepEqual(await inspectPage(page), []);
  await page.locator('#attack-10').click();
  await reads(page.locator('.verdict'), /BREACHED.*You said held\.$/s);
  await page.locator('#says-held').waitFor({ state: 'detached' });
  await page.reload();
  await reads(page.locator('.verdict'), /You said held\.$/);
  await page.goto(`${lab.address}/lesson/10/?class=lesson-09`);
  assert.equal(await page.locator('#says-held').getAttribute('aria-pressed'), 'false');
  // A class that is saved again can be predicted again.
  writeMine(10);
  await page.goto(`${lab.address}/lesson/10/`);
  await page.getByText('The class has changed since this verdict.').waitFor();
  await page.locator('#attack-10').click();
  await reads(page.locator('.verdict'), /held.*You said held, and you were right\.$/s);
});

test('a prediction needs no script', { skip }, async () => {
  const { page } = await visit('/lesson/08/', { script: false });
  await page.locator('#says-breached').click();
  await page.locator('#says-breached[aria-pressed=true]').waitFor();
});

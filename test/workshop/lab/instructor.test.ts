import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import {
  findClass,
  findLesson,
  isFile,
  readLessons,
} from '../../../src/workshop/course/catalogue.ts';
import { classAt, findStep, readStep, STEPS, stepsOf } from '../../../src/workshop/lab/steps.ts';
import { stepText } from '../../../src/workshop/lab/views/learn.ts';
import {
  counts,
  inspectPage,
  openLab,
  overflow,
  reads,
  skip,
  type VisitOptions,
} from './visitor.ts';

const { workshop: lab, visit: open } = await openLab(['--instructor']);

let complaints: string[] = [];

/** Opens a page as the projector shows it. */
async function visit(path: string, options: VisitOptions = {}): Promise<Page> {
  const visited = await open(path, options);
  complaints = visited.complaints;
  // The keys listen as soon as their button is there.
  if (options.script ?? true) await visited.page.locator('#keys-button').waitFor();
  return visited.page;
}

const heading = (page: Page, text: string) =>
  page.locator('#step-heading').getByText(text, { exact: true }).waitFor();
const announced = (page: Page, text: string | RegExp) =>
  page.locator('#announcer').getByText(text).waitFor();

/** Presses a key, and waits for the page that it leads to. */
async function turn(page: Page, key: string, to: string): Promise<void> {
  await page.keyboard.press(key);
  await heading(page, to);
  await page.locator('#keys-button').waitFor();
}

test('every step of every lesson has a text and a class that exists', () => {
  const lessons = readLessons();
  for (const lesson of lessons) {
    for (const step of stepsOf(lesson)) {
      const { text, outcome } = readStep(lesson, step);
      assert.ok(text + outcome !== '', `${lesson.label} ${step.heading}`);
      assert.ok(stepText(lesson, step, lessons).toString().length > text.length);
      const { path } = findClass(lessons, classAt(lesson, lessons, step));
      assert.ok(isFile(path), path);
    }
  }
});

test('an attack’s outcome and the solution’s code are answers', () => {
  const lesson = findLesson(readLessons(), 13);
  const attack = readStep(lesson, findStep('attack'));
  assert.doesNotMatch(attack.text, /BREACHED/);
  assert.match(attack.outcome, /BREACHED/);
  const solution = readStep(lesson, findStep('solution')).text;
  assert.doesNotMatch(solution.replace(/<details>.*<\/details>/s, ''), /```/);
  assert.doesNotMatch(readStep(lesson, findStep('idea')).text, /```ts/);
});

test('a port lesson attacks the article’s own lines', async () => {
  const page = await (await fetch(`${lab.address}/lesson/02/?step=attack`)).text();
  assert.match(page, /class=wrong-02-article-read" aria-current="true">the article’s<small>/);
});

test('an unknown step is refused with the list', async () => {
  const answer = await fetch(`${lab.address}/lesson/13/?step=encore`);
  assert.equal(answer.status, 404);
  assert.match(await answer.text(), /no step .*encore.*before, attack, idea, your-turn/);
});

test('one heading is on the screen at a time, and the arrows walk them all', { skip }, async () => {
  const page = await visit('/lesson/13/');
  await heading(page, 'Before');
  assert.match(await page.title(), /^13\. Locking: Before · phpsessid lab$/);
  for (const { heading: text } of STEPS.slice(1)) await turn(page, 'ArrowRight', text);
  await counts(page.locator('.prose h2'), 1);
  await reads(page.locator('.steps [aria-current=step]'), 'Beyond');
  for (const { heading: text } of STEPS.slice(0, -1).reverse()) await turn(page, 'ArrowLeft', text);
  assert.match(page.url(), /\/lesson\/13\/\?step=before$/);
  assert.deepEqual(complaints, []);
});

test('space, a presenter’s keys and the digits walk as well', { skip }, async () => {
  const page = await visit('/lesson/13/');
  await turn(page, 'Space', 'Attack');
  await turn(page, 'PageDown', 'Idea');
  await turn(page, 'Shift+Space', 'Attack');
  await turn(page, 'PageUp', 'Before');
  await turn(page, '6', 'Proof');
});

test('the next lesson follows the last step, and the first and last pages say so', {
  skip,
}, async () => {
  const page = await visit('/lesson/13/?step=beyond');
  await turn(page, 'ArrowRight', 'Before');
  assert.match(page.url(), /\/lesson\/14\//);
  await turn(page, 'ArrowLeft', 'Beyond');
  assert.match(page.url(), /\/lesson\/13\//);
  await page.goto(`${lab.address}/lesson/00/`);
  await page.locator('#keys-button').waitFor();
  await page.keyboard.press('ArrowLeft');
  await announced(page, 'This is the first step.');
});

test('before the idea the class of the lesson before is at work', { skip }, async () => {
  const page = await visit('/lesson/13/?step=attack');
  await reads(page.locator('.picker [aria-current]'), /^lesson-12/);
  await page.locator('#attack-13').click();
  await page.locator('.verdict').getByText('BREACHED').waitFor();
  await turn(page, 'ArrowRight', 'Idea');
  await reads(page.locator('.picker [aria-current]'), /^lesson-13/);
});

test('answers are hidden until a key or a button shows them', { skip }, async () => {
  const page = await visit('/lesson/13/?step=attack');
  const outcome = page.locator('.answer').getByText('BREACHED').first();
  assert.equal(await outcome.isVisible(), false);
  await page.keyboard.press('a');
  await announced(page, 'The answers are shown.');
  assert.ok(await outcome.isVisible());
  assert.equal(await page.locator('#answers').getAttribute('aria-pressed'), 'true');
  await page.locator('#answers').click();
  await announced(page, 'The answers are hidden.');
  assert.equal(await outcome.isVisible(), false);
  await page.goto(`${lab.address}/lesson/13/?step=your-turn`);
  for (const name of ['#hints .prose', '#code .listing']) {
    assert.equal(await page.locator(`.beside ${name}`).first().isVisible(), false, name);
  }
  await page.locator('#answers').click();
  await page.locator('#code-class .listing').waitFor();
});

test('the timer starts, continues over the steps, stops and is reset', { skip }, async () => {
  const page = await visit('/lesson/13/');
  const clock = page.locator('#clock');
  assert.equal(await clock.innerText(), '10:00');
  await page.locator('#minutes').fill('7');
  await page.locator('#minutes').press('Tab');
  await clock.getByText('7:00').waitFor();
  await page.keyboard.press('t');
  await announced(page, 'The timer runs: 7:00.');
  await clock.getByText('6:59').waitFor();
  await page.locator('#clock').click();
  await turn(page, 'ArrowRight', 'Attack');
  await clock.getByText(/^6:5\d$/).waitFor();
  await page.keyboard.press('t');
  await announced(page, /The timer is stopped at 6:5\d\./);
  await page.locator('#timer-zero').click();
  await announced(page, 'The timer is reset to 7:00.');
  assert.equal(await clock.innerText(), '7:00');
});

test('the end of the time is announced, and written as a word', { skip }, async () => {
  const page = await visit('/lesson/13/');
  await page.evaluate(() => {
    const since = Date.now() - 55_000;
    sessionStorage.setItem('timer', JSON.stringify({ minutes: 1, spent: 0, since }));
  });
  await page.reload();
  await announced(page, 'The time is up.');
  await page.locator('#clock').getByText(/over/).waitFor();
});

test('a key empties the table and deletes the cookies', { skip }, async () => {
  const page = await visit('/lesson/13/');
  await page.locator('#visit-you').click();
  await page.locator('.rows tbody tr').first().waitFor();
  await page.locator('#step-heading').click();
  await page.keyboard.press('r');
  await announced(page, 'The table is empty, the cookies are deleted.');
  await page.locator('#rows').getByText('The table is empty.').waitFor();
  assert.equal(await page.locator('#cookie-line-you').inputValue(), '');
});

test('? lists the keys, Escape closes the list, and they can be turned off', { skip }, async () => {
  const page = await visit('/lesson/13/');
  await page.keyboard.press('?');
  const list = page.getByRole('dialog', { name: 'Keys' });
  await list.waitFor();
  for (const key of ['→', 'Space', 'A', 'T', 'Z', 'R', '?']) {
    assert.ok(await list.locator('kbd').getByText(key, { exact: true }).first().isVisible(), key);
  }
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Escape');
  await list.waitFor({ state: 'hidden' });
  await heading(page, 'Before');
  await page.locator('#keys-button').click();
  await page.locator('#keys-on').uncheck();
  await page.locator('#keys-close').click();
  await page.keyboard.press('t');
  await reads(page.locator('#timer-start'), 'Start');
});

test('typing into a field turns no page', { skip }, async () => {
  const page = await visit('/lesson/13/');
  await page.locator('#cookie-line-you').focus();
  await page.keyboard.type('a 1rt?');
  await page.keyboard.press('ArrowLeft');
  assert.equal(await page.locator('#cookie-line-you').inputValue(), 'a 1rt?');
  await heading(page, 'Before');
});

test('without script the steps are links, and buttons come back to the step', {
  skip,
}, async () => {
  const page = await visit('/lesson/13/', { script: false });
  for (const { heading: text } of STEPS.slice(1)) {
    await page.locator('.steps').getByRole('link', { name: text, exact: true }).click();
    await heading(page, text);
  }
  // The last click's page may be there before its style sheets.
  await page.locator('#timer').waitFor({ state: 'hidden' });
  await page.goto(`${lab.address}/lesson/13/?step=solution`);
  await page.locator('#visit-you').click();
  await heading(page, 'Solution');
  await reads(page.locator('#page-you .shown'), 'Count: 1');
  await page.locator('.prose > details > summary').click();
  assert.ok(await page.locator('.prose > details pre').first().isVisible());
});

test('a link leads to the lesson’s whole page, and another one back', { skip }, async () => {
  const page = await visit('/lesson/13/?step=proof');
  await page.getByRole('link', { name: 'The whole page' }).click();
  await page.locator('#walkthrough').waitFor();
  await page.getByRole('link', { name: 'Instructor' }).click();
  await heading(page, 'Before');
});

/** The smallest type of the prose and of everything that is seen, in pixels. */
async function smallestType(page: Page): Promise<{ prose: number; all: number }> {
  await page.evaluate('globalThis.__name = (value) => value');
  return page.evaluate(() => {
    const sizeOf = (element: Element) => {
      // A drawing is scaled as a whole.
      const scale = element instanceof SVGGraphicsElement ? element.getScreenCTM()?.a : 1;
      return Number.parseFloat(getComputedStyle(element).fontSize) * (scale ?? 1);
    };
    const prose = [...document.querySelectorAll('.prose > p, .prose > ul > li')].map(sizeOf);
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const all: number[] = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement;
      if (!element || !node.textContent?.trim() || element.closest('.unseen')) continue;
      if (element.checkVisibility({ visibilityProperty: true })) all.push(sizeOf(element));
    }
    return { prose: Math.min(...prose), all: Math.min(...all) };
  });
}

for (const { name } of STEPS) {
  test(`${name}: all is on the first screen, big, named and readable`, { skip }, async () => {
    const page = await visit(`/lesson/13/?step=${name}`);
    for (const place of ['#step-heading', '.prose > :nth-child(2)', '.steps', '#clock']) {
      const box = await page.locator(place).first().boundingBox();
      assert.ok(box && box.y + Math.min(box.height, 60) < 720, place);
    }
    const beside = page.locator('.beside');
    if ((await beside.count()) > 0) {
      const box = await beside.boundingBox();
      assert.ok(box && box.y < 200 && box.y + box.height <= 720, 'panels');
    }
    const { prose, all } = await smallestType(page);
    assert.ok(prose >= 26, `prose of ${prose} pixels`);
    assert.ok(all >= 16, `something of ${all} pixels`);
    for (const [width, height] of [
      [1920, 1080],
      [390, 844],
      [1280, 720],
    ] as const) {
      await page.setViewportSize({ width, height });
      const pixels = await overflow(page);
      assert.ok(pixels <= 0, `${pixels} pixels too wide at ${width}`);
    }
    assert.deepEqual(await inspectPage(page), [], 'in light colours');
    await page.emulateMedia({ colorScheme: 'dark' });
    assert.deepEqual(await inspectPage(page), [], 'in dark colours');
  });
}

test('on a telephone the head leaves the screen to the text', { skip }, async () => {
  const page = await visit('/lesson/13/', { width: 390, height: 844 });
  const head = await page.locator('.bar').boundingBox();
  assert.ok(head && head.height < 140, `${head?.height} pixels`);
  const pixels = await overflow(page);
  assert.ok(pixels <= 0, `${pixels} pixels too wide`);
});

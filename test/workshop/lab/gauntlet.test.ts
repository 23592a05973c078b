import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { findClass, findLesson, readLessons } from '../../../src/workshop/course/catalogue.ts';
import { newAttackRun } from '../../../src/workshop/lab/attack-runs.ts';
import { summarize } from '../../../src/workshop/lab/gauntlet.ts';
import { lookAtCell } from '../../../src/workshop/lab/gauntlet-grid.ts';
import {
  boxOf,
  counts,
  drawn,
  inspectPage,
  lastSaid,
  openLab,
  overflow,
  reads,
  skip,
  type VisitOptions,
} from './visitor.ts';
import { copyProject, startWorkshop } from './workshop.ts';

const { database, workshop: lab, visit } = await openLab();

const attacks = readLessons().filter(({ files }) => files.attack !== undefined);
const open = (query = '', options: VisitOptions = {}) => visit(`/gauntlet/${query}`, options);
const cell = (page: Page, condition: string, attack: string) =>
  page.locator(`#cell-${condition}-${attack}`);
const summary = (page: Page) => page.locator('#progress .sum');

let hasRun = false;

/** Runs lesson 9's row, once for both tests of it: the workshop keeps its verdicts. */
async function runNinthRow(page: Page): Promise<void> {
  if (hasRun) return;
  await page.locator('#run-lesson-09').click();
  await summary(page).getByText(`${attacks.length} attacks in`).waitFor();
  hasRun = true;
}

test('every class has a row and every attack a column', { skip }, async () => {
  const { page, complaints } = await open();
  // Without the row of a learner who has begun.
  await counts(page.locator('.cells tbody tr:not(:has(#run-mine))'), readLessons().length);
  await counts(page.locator('.cells thead th'), attacks.length + 1);
  assert.deepEqual(complaints, []);
});

test('a row runs, and each cell ends in the verdict of the attack itself', { skip }, async () => {
  const { page, complaints } = await open();
  await runNinthRow(page);
  await cell(page, 'lesson-09', '01').getByText('held').waitFor();
  await reads(cell(page, 'lesson-09', '09'), /✔\s*held/);
  await reads(cell(page, 'lesson-09', '10'), /✘\s*breached/);
  assert.match(
    await summary(page).innerText(),
    /: \d+ held, \d+ breached.*\. Every verdict is as promised\.$/,
  );
  assert.equal(
    await cell(page, 'lesson-09', '10').getAttribute('aria-label'),
    'Attack 10 on lesson 09: breached',
  );
  assert.deepEqual(complaints, []);
});

test('names, headings and contrast of the gauntlet hold, light and dark', { skip }, async () => {
  const { page } = await open('?cell=lesson-09+10');
  await runNinthRow(page);
  await page.locator('#opened .verdict').waitFor();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    assert.deepEqual(await inspectPage(page), [], `in ${colorScheme} colours`);
  }
  await page.emulateMedia({ forcedColors: 'active' });
  const [ink, ...edges] = await page
    .locator('.cells')
    .evaluate((table) => [
      getComputedStyle(table).color,
      getComputedStyle(table.querySelector('.top-edge') ?? table, '::before').backgroundColor,
      getComputedStyle(table.querySelector('.right-edge') ?? table, '::after').backgroundColor,
    ]);
  assert.deepEqual(edges, [ink, ink], 'the line of the stairs in forced colours');
  await page.emulateMedia({ forcedColors: 'none' });
});

test('a verdict that breaks its promise is named in the summary', () => {
  const lessons = readLessons();
  // The run's lessons and the grid's were read from the folders at different times.
  const grid = { lessons: readLessons(), classes: [], attacks: [] };
  const attack = findLesson(lessons, 7);
  const lesson = findLesson(lessons, 6);
  const found = findClass(lessons, lesson.condition);
  const subject = { ...found, lesson, name: 'lesson 06', whole: true, file: 0 };
  const seen = (verdict: 'held' | 'breached') => {
    const cell = { subject, attack };
    const run = { ...newAttackRun(subject), running: false, verdict, file: 0 };
    return { cell, ...lookAtCell(grid, cell, run) };
  };
  assert.match(
    summarize([seen('breached'), seen('breached')], 1, false),
    /2 breached\. Every verdict is as promised\.$/,
  );
  assert.match(
    summarize([seen('breached'), seen('held')], 1, false),
    /Not as promised: attack 07 on lesson 06\.$/,
  );
  const mine = { ...subject, condition: 'mine', name: 'your class' };
  const own = { ...seen('breached'), cell: { subject: mine, attack } };
  assert.match(summarize([own, own], 1, false), /: 0 held, 2 breached\.$/);
});

test('the end of a run is announced politely', { skip }, async () => {
  const { page } = await open();
  await page.locator('#run-lesson-01').click();
  const announcer = page.locator('#announcer');
  await announcer.getByText('Attack 01 on lesson 01: held.').waitFor();
  assert.equal(await announcer.getAttribute('aria-live'), 'polite');
});

test('verdicts and transcripts survive a reload', { skip }, async () => {
  const { page } = await open();
  await page.locator('#run-lesson-02').click();
  await summary(page).getByText('2 attacks in').waitFor();
  await page.reload();
  await reads(cell(page, 'lesson-02', '02'), /held/);
  await cell(page, 'lesson-02', '02').click();
  await page.locator('#opened .transcript').getByText('a browser sends Cookie').waitFor();
  assert.match(page.url(), /\?cell=lesson-02%2002/);
  await page.reload();
  await reads(page.locator('#opened .verdict'), /held/);
});

test('the focus comes back to a cell whose transcript the back button closes', {
  skip,
}, async () => {
  const { page } = await open();
  await page.locator('#run-lesson-02').click();
  await summary(page).getByText('2 attacks in').waitFor();
  await cell(page, 'lesson-02', '02').press('Enter');
  await page.locator('#opened:focus .transcript').waitFor();
  await page.goBack();
  await page.locator('#opened:empty').waitFor({ state: 'attached' });
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'cell-lesson-02-02');
});

test('in forced colours the line of the promises is wider than the grid', { skip }, async () => {
  const { page } = await open();
  await page.emulateMedia({ forcedColors: 'active' });
  const widths = await page.evaluate(() => {
    const { borderLeftWidth, borderRightWidth } = getComputedStyle(
      document.querySelector('.cells td') as Element,
    );
    return [borderLeftWidth, borderRightWidth];
  });
  await page.emulateMedia({ forcedColors: 'none' });
  // Two borders side by side are as wide as the line.
  assert.deepEqual(widths, ['0px', '1px']);
});

test('a stopped run keeps its finished cells, and leaves its waiting cells as they were', {
  skip,
}, async () => {
  const { page } = await open();
  await page.locator('#run-all').click();
  await page
    .locator('#progress .sum strong')
    .getByText(/^[1-9]\d* of \d+$/)
    .waitFor();
  assert.ok((await page.locator('.cells .waiting').count()) > 0);
  await page.locator('#run-stop').click();
  await summary(page)
    .getByText(/Stopped after \d+ of \d+/)
    .waitFor();
  assert.equal(await page.locator('.cells .waiting, .cells .running').count(), 0);
  assert.ok((await page.locator('.cells .not-run').count()) > 0);
  assert.ok((await page.locator('.cells .held').count()) > 0);
});

test('a method that a class lacks makes no verdict', { skip }, async () => {
  const { page } = await open();
  const lacking = cell(page, 'lesson-01', '02');
  assert.match(await lacking.innerText(), /n\/a/);
  await lacking.click();
  await page.locator('#opened').getByText('The class has no such method yet').waitFor();
});

test('news between press and release does not swallow a click', { skip }, async () => {
  const { page } = await open();
  await cell(page, 'lesson-01', '02').hover();
  await page.mouse.down();
  await page.evaluate(async () => {
    const token = document.querySelector<HTMLInputElement>('input[name=token]')?.value ?? '';
    const body = new URLSearchParams({ run: 'class lesson-01', token });
    await fetch('/run', { method: 'POST', body, headers: { Accept: 'application/json' } });
  });
  // Every announced cell has been drawn, or is waiting to be.
  await lastSaid(page).getByText('Attack 01 on lesson 01: held.').waitFor();
  await page.mouse.up();
  await page.locator('#opened').getByText('The class has no such method yet').waitFor();
  await cell(page, 'lesson-01', '01').getByText('held').waitFor();
});

test('the table is one stop of the Tab key, in which the arrow keys move', { skip }, async () => {
  const { page } = await open();
  await drawn(page);
  const focused = () => page.evaluate(() => document.activeElement?.id);
  const press = async (...keys: string[]) => {
    for (const key of keys) await page.keyboard.press(key);
    return await focused();
  };
  await counts(page.locator('.cells :is(a, button):not([tabindex="-1"])'), 1);
  await page.locator('.box').focus();
  const first = await press('Tab');
  assert.equal(first, `to-attack-${attacks[0]?.label}`);
  assert.equal(await press('ArrowDown'), `run-attack-${attacks[0]?.label}`);
  assert.equal(await press('ArrowRight'), `run-attack-${attacks[1]?.label}`);
  assert.equal(await press('Control+Home', 'ArrowLeft'), first);
  await cell(page, 'lesson-10', '09').focus();
  assert.equal(await press('Home'), 'to-class-lesson-10');
  assert.equal(await press('ArrowRight'), 'run-lesson-10');
  assert.equal(await press('ArrowUp'), 'run-lesson-09');
  assert.equal(await press('ArrowRight', 'ArrowLeft'), 'run-lesson-09');
  assert.equal(await press('ArrowRight'), `cell-lesson-09-${attacks[0]?.label}`);
  await press('Tab');
  assert.equal(await page.locator('.cells :focus').count(), 0);
  assert.equal(await press('Shift+Tab'), `cell-lesson-09-${attacks[0]?.label}`);
});

test('a cell runs by itself and opens by keyboard', { skip }, async () => {
  const { page } = await open();
  await drawn(page);
  await cell(page, 'lesson-10', '09').focus();
  await page.keyboard.press('ArrowRight');
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'cell-lesson-10-10');
  await page.keyboard.press('Enter');
  await summary(page).getByText('Attack 10 on lesson 10: held.').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'cell-lesson-10-10');
  await counts(page.locator('.cells :is(a, button):not([tabindex="-1"])'), 1);
  await page.keyboard.press('Enter');
  await page.locator('#opened-heading').getByText('Attack 10').waitFor();
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'close-opened');
  await page.keyboard.press('Enter');
  await page.locator('#opened-heading').waitFor({ state: 'detached' });
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'cell-lesson-10-10');
});

test('the gauntlet works without script, by forms and reload', { skip }, async () => {
  const { page } = await open('', { script: false });
  await page.locator('#run-lesson-04').click();
  for (;;) {
    if (/4 attacks in/.test(await summary(page).innerText())) break;
    await page.getByRole('link', { name: 'Load it again' }).click();
  }
  await cell(page, 'lesson-04', '04').click();
  await reads(page.locator('#opened .verdict'), /held/);
});

test('an attack run on the lesson page is in the table, and the other way round', {
  skip,
}, async () => {
  const { page } = await visit('/lesson/08/?class=lesson-07');
  await page.locator('#attack-08').click();
  await page.locator('.verdict').getByText('BREACHED').waitFor();
  await page.goto(`${lab.address}/gauntlet/`);
  await reads(cell(page, 'lesson-07', '08'), /breached/);
});

test('the table scrolls in its own box on a projector and a telephone', { skip }, async () => {
  for (const [width, height] of [
    [1280, 720],
    [390, 844],
  ] as const) {
    const { page } = await open('', { width, height });
    assert.ok((await overflow(page)) <= 0, `too wide at ${width}`);
    // In one step: what the event stream sends may put another table in this one's place.
    const left = await page.evaluate(() => {
      document.querySelector('.box')?.scrollTo(400, 200);
      return document.querySelectorAll('.box tbody th')[9]?.getBoundingClientRect().x;
    });
    assert.ok(left !== undefined && left >= 0 && left < 40, `a row's name at ${left} of ${width}`);
  }
});

test('the whole table is on the paper', { skip }, async () => {
  // A4 in landscape, without its margins.
  const { page } = await open('', { width: 1046, height: 718 });
  await page.emulateMedia({ media: 'print' });
  const box = await boxOf(page.locator('.cells'));
  assert.ok(box && box.x + box.width <= 1046 && box.y + box.height <= 718, JSON.stringify(box));
  // In one step, as an event may put another box in this one's place.
  const printed = await page.evaluate(() => {
    const box = document.querySelector('.box');
    return box && getComputedStyle(box).overflow;
  });
  assert.equal(printed, 'visible');
});

test('no word of the table is broken or cut off, whatever the width', { skip }, async () => {
  for (const width of [1280, 1440, 1920, 2560]) {
    const { page } = await open('', { width, height: 900 });
    await page.evaluate('globalThis.__name = (value) => value');
    const broken = await page.locator('.cells').evaluate((table) => {
      // The longest verdict, as a run would draw it; in one step, as an event may draw it anew.
      const cell = table.querySelector('.not-run') as HTMLElement;
      cell.className = 'breached';
      cell.innerHTML =
        '<a href="/"><b aria-hidden="true">✘</b> <span class="word">breached</span></a>';
      const words = [...table.querySelectorAll('.name, .breached .word')];
      return words.flatMap((word) => {
        const isHidden = getComputedStyle(word).clipPath !== 'none' || word.clientWidth === 0;
        const text = word.firstChild as Text;
        const { left, right } = word.closest('td, th')?.getBoundingClientRect() ?? new DOMRect();
        return [...text.data.matchAll(/\S+/g)].flatMap(({ 0: part, index }) => {
          const range = document.createRange();
          range.setStart(text, index);
          range.setEnd(text, index + part.length);
          const boxes = [...range.getClientRects()];
          const fits = boxes.every((box) => box.left >= left - 1 && box.right <= right + 1);
          return isHidden || (boxes.length === 1 && fits) ? [] : [part];
        });
      });
    });
    assert.deepEqual(broken, [], `at ${width}`);
    const small = await page.locator('.cells thead :is(a, button)').evaluateAll((targets) =>
      targets.flatMap((target) => {
        const { width, height } = target.getBoundingClientRect();
        return width < 24 || height < 24 ? [`${target.id} ${width} × ${height}`] : [];
      }),
    );
    assert.deepEqual(small, [], 'smaller than WCAG 2.2 wants a target');
  }
});

test('a save deletes the learner’s verdicts, and the page continues when the lab is back', {
  skip,
}, async () => {
  const project = copyProject();
  const solved = readFileSync(readLessons()[5]?.files.class ?? '', 'utf8');
  writeFileSync(project.mine, solved);
  let own = await startWorkshop(database, project.folder);
  try {
    const { page } = await visit(`${own.address}/gauntlet/?cell=mine+08`);
    await page.locator('#run-opened').click();
    await page.locator('#cell-mine-08').getByText('breached').waitFor();
    writeFileSync(project.mine, `${solved}\n`);
    await page.locator('#opened').getByText('The class has changed since.').waitFor();
    await reads(page.locator('#cell-mine-08'), 'run');
    const data = join(project.folder, 'lessons/05-a-request-around-it/lesson.json');
    const whole = readFileSync(data);
    writeFileSync(data, '{');
    await reads(page.locator('#status'), /lesson\.json is not JSON/);
    writeFileSync(data, whole);
    await reads(page.locator('#status'), /^Database ready/);
    await own.end();
    const gone = 'The lab does not answer. If it has ended, npm start starts it again.';
    await reads(page.locator('#status'), gone);
    await reads(lastSaid(page), gone);
    own = await startWorkshop(database, project.folder, ['--no-docs', '--port', String(own.port)]);
    await reads(page.locator('#status'), /^Database ready/);
    const tokens = await page
      .locator('input[name=token]')
      .evaluateAll((fields) => fields.map((field) => (field as HTMLInputElement).value));
    assert.equal(new Set(tokens).size, 1, 'tokens of the forms, drawn anew or not');
    await page.locator('#run-opened').click();
    await page.locator('#cell-mine-08').getByText('breached').waitFor();
  } finally {
    await own.end();
    project.remove();
  }
});

test('an unknown cell is answered with how cells are named', async () => {
  const answer = await fetch(`${lab.address}/gauntlet/?cell=lesson-99+01`);
  assert.equal(answer.status, 404);
  assert.match(await answer.text(), /There is no cell .*lesson-99 01/);
});

test('a button of the gauntlet without the token of this start does nothing', async () => {
  const body = new URLSearchParams({ run: 'all', token: 'guess' });
  const answer = await fetch(`${lab.address}/run`, { method: 'POST', body });
  assert.equal(answer.status, 403);
});

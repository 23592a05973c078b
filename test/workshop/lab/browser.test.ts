import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { readLessons } from '../../../src/workshop/course/catalogue.ts';
import {
  boxOf,
  counts,
  drawn,
  emptyTable,
  inspectPage,
  lastSaid,
  openLab,
  overflow,
  reads,
  shown,
  skip,
} from './visitor.ts';

const { workshop: lab, visit } = await openLab();
const last = readLessons().at(-1)?.label ?? '';

test('a visit by click shows page, cookie, row and timeline', { skip }, async () => {
  const { page, complaints } = await visit('/lesson/05/?class=lesson-05');
  await emptyTable(page);
  await page.locator('#visit-you').click();
  await shown(page, 'you').getByText('Count: 1').waitFor();
  await page.locator('#visit-you').click();
  await shown(page, 'you').getByText('Count: 2').waitFor();
  const cookie = await page.locator('#cookie-line-you').inputValue();
  assert.match(cookie, /^MySession=\d+$/);
  const row = page.locator('.rows tbody tr').first();
  await row.getByText('changed').waitFor();
  assert.match(await row.innerText(), /count\s*2\s*int/);
  assert.match(await row.locator('code.bytes').innerText(), /count\|i:12;/);
  await reads(row.locator('del'), '1');
  await reads(row.locator('ins'), '2');
  const steps = await page.locator('.request').first().locator('.calls .name').allInnerTexts();
  assert.deepEqual(steps, ['open', 'read', 'gc', 'write', 'close']);
  await reads(page.locator('.request').first(), /UPDATE sessions SET d=\?/);
  assert.deepEqual(complaints, []);
});

test('a cookie typed by hand gives Mallory another visitor’s session', { skip }, async () => {
  const { page } = await visit('/lesson/05/?class=lesson-05');
  await emptyTable(page);
  await page.locator('#login-you').click();
  await shown(page, 'you').getByText('ann').waitFor();
  const cookie = await page.locator('#cookie-line-you').inputValue();
  await page.locator('#cookie-line-mallory').fill(cookie);
  await page.locator('#keep-mallory').click();
  await page.locator('#whoami-mallory').click();
  await shown(page, 'mallory').getByText('ann').waitFor();
  const holders = await page.locator('.rows tbody tr').first().locator('th .tag').allInnerTexts();
  assert.deepEqual(holders.slice(0, 2), ['You', 'Mallory']);
});

/** Sends a visit without the page's buttons. */
async function visitBy(page: Page): Promise<void> {
  const client = 'client=you&do=visit&lesson=05&class=lesson-05';
  await page.evaluate(async (form) => {
    const token = document.querySelector<HTMLInputElement>('input[name=token]')?.value ?? '';
    await fetch('/client', {
      method: 'POST',
      body: new URLSearchParams(`${form}&token=${token}`),
      headers: { Accept: 'application/json' },
    });
  }, client);
}

test('a half-typed value survives an update of its field', { skip }, async () => {
  const { page } = await visit('/lesson/05/?class=lesson-05');
  await emptyTable(page);
  await page.locator('#cookie-line-you').pressSequentially('MySession=4');
  await visitBy(page);
  await shown(page, 'you').getByText('Count: 1').waitFor();
  await page.locator('.rows tbody tr th .tag').getByText('You').waitFor();
  const field = page.locator('#cookie-line-you');
  assert.match((await field.getAttribute('value')) ?? '', /^MySession=\d+$/);
  assert.equal(await field.inputValue(), 'MySession=4');
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'cookie-line-you');
});

test('the keyboard alone reaches every control', { skip }, async () => {
  const { page } = await visit('/lesson/05/?class=lesson-05');
  await emptyTable(page);
  await page.locator('body').focus();
  await page.goto(`${lab.address}/lesson/05/?class=lesson-05`);
  await drawn(page);
  const reach = async (id: string) => {
    for (let presses = 0; presses < 60; presses += 1) {
      await page.keyboard.press('Tab');
      if ((await page.evaluate(() => document.activeElement?.id)) === id) return;
    }
    assert.fail(`sixty presses of Tab never reached #${id}`);
  };
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Skip to the page');
  await page.keyboard.press('Enter');
  await reach('visit-you');
  const outline = await page.evaluate(() => {
    const style = getComputedStyle(document.activeElement as Element);
    return `${style.outlineStyle} ${style.outlineWidth}`;
  });
  assert.equal(outline, 'solid 3px');
  await page.keyboard.press('Enter');
  await shown(page, 'you').getByText('Count: 1').waitFor();
  await page.keyboard.press('Space');
  await shown(page, 'you').getByText('Count: 2').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'visit-you');
  await reach('cookie-line-you');
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type('MySession=999999');
  await page.keyboard.press('Enter');
  await page.locator('#announcer').getByText('You: cookie kept.').waitFor();
});

test('every event is announced in a polite live region', { skip }, async () => {
  const { page } = await visit('/lesson/05/?class=lesson-05');
  await emptyTable(page);
  const announcer = page.locator('#announcer');
  for (const count of [1, 2]) {
    await page.locator('#visit-you').click();
    await announcer.getByText(`You: 200, Count: ${count}`).waitFor();
  }
  assert.equal(await announcer.getByText('You: 200, Count: 1').count(), 1);
  assert.equal(await announcer.getAttribute('aria-live'), 'polite');
});

test('a press of the space bar survives an update of its button', { skip }, async () => {
  const { page: first } = await visit('/lesson/05/?class=lesson-05');
  await emptyTable(first);
  const page = await first.context().newPage();
  await page.addInitScript(() => {
    globalThis.EventSource = class extends EventSource {
      constructor(address: string | URL) {
        super(address);
        this.addEventListener('part', ({ data }) => {
          const { id, markup } = JSON.parse(data);
          if (id === 'cookie-you' && markup.includes('MySession=')) document.title = 'updated';
        });
      }
    };
  });
  await page.goto(first.url());
  await page.locator('#keep-you').focus();
  await page.keyboard.down('Space');
  await visitBy(page);
  await page.waitForFunction(() => document.title === 'updated');
  await page.keyboard.up('Space');
  await page.locator('#announcer').getByText('You: cookie kept.').waitFor();
  await page.close();
});

test('tabs in the background leave the connections to the one in front', { skip }, async () => {
  const { page } = await visit('/lesson/05/?class=lesson-05');
  await emptyTable(page);
  const tabs: Page[] = [];
  for (let count = 0; count < 7; count += 1) {
    const tab = await page.context().newPage();
    tabs.push(tab);
    await tab.addInitScript(() => {
      Object.defineProperty(document, 'visibilityState', { value: 'hidden', writable: true });
    });
    await tab.goto(page.url());
  }
  await page.locator('#visit-you').click();
  await shown(page, 'you').getByText('Count: 1').waitFor();
  const [tab] = tabs as [Page];
  await tab.evaluate(() => {
    Object.assign(document, { visibilityState: 'visible' });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await shown(tab, 'you').getByText('Count: 1').waitFor();
  for (const each of tabs) await each.close();
});

test('a page whose events are refused asks for them again', { skip }, async () => {
  const { page } = await visit('/docs');
  await page.route('**/live?*', (route) => route.fulfill({ status: 500 }));
  await page.route('**/client', (route) => route.abort());
  await page.goto(`${lab.address}/lesson/05/?class=lesson-05`);
  await reads(page.locator('#status'), /^The lab cannot show this page now/);
  await page.locator('#visit-you').click();
  await reads(page.locator('.refusal > .refused'), /^The lab does not answer/);
  await page.unrouteAll();
  await reads(page.locator('#status'), /^Database ready/);
  await reads(lastSaid(page), 'The lab answers again.');
  await counts(page.locator('.refusal'), 0);
});

test('tests run on the class, each with its result', { skip }, async () => {
  const { page } = await visit('/lesson/01/?class=lesson-01');
  await page.locator('#run-tests').click();
  await page
    .locator('#tests-state .sum')
    .getByText(/^✔ \d+ passed$/)
    .waitFor();
  await page
    .locator('#announcer')
    .getByText(/^All \d+ tests pass\.$/)
    .waitFor();
});

test('an attack streams its transcript and ends in a verdict', { skip }, async () => {
  const { page } = await visit('/lesson/02/?class=wrong-02-article-read');
  await page.locator('#attack-02').click();
  await page.locator('.verdict').getByText('BREACHED').waitFor();
  assert.ok((await page.locator('.transcript li').count()) > 0);
  await page.goto(`${lab.address}/lesson/02/?class=lesson-02`);
  await page.locator('#attack-02').click();
  await page.locator('.verdict').getByText('held').waitFor();
});

test('the methods of an unfinished class are called by hand', { skip }, async () => {
  const { page, complaints } = await visit('/lesson/03/?class=lesson-03');
  await page.locator('#call-Open').click();
  await page.locator('#answer').getByText('Open("", "MySession") answers true').waitFor();
  await page.locator('#call-Write').click();
  await page.locator('#answer').getByText('answers true').waitFor();
  await page.locator('.rows').getByText('count|i:1;').waitFor();
  assert.deepEqual(complaints, []);
});

test('the essentials work without script', { skip }, async () => {
  const { page } = await visit('/lesson/05/?class=lesson-05', { script: false });
  await emptyTable(page);
  await page.locator('#visit-you').click();
  await reads(shown(page, 'you'), 'Count: 1');
  await page.locator('#visit-you').click();
  await reads(shown(page, 'you'), 'Count: 2');
  await page
    .locator('#cookie-line-mallory')
    .fill(await page.locator('#cookie-line-you').inputValue());
  await page.locator('#keep-mallory').click();
  await page.locator('#visit-mallory').click();
  await reads(shown(page, 'mallory'), 'Count: 3');
  await page.locator('#hints summary').first().click();
  assert.ok(await page.locator('#hints .prose').first().isVisible());
  await page.goto(`${lab.address}/lesson/01/?class=lesson-01`);
  await page.locator('#run-tests').click();
  await reads(page.locator('#tests-state'), /✔ \d+ passed$/m);
});

for (const dark of [false, true]) {
  test(`names, headings and contrast hold in ${dark ? 'dark' : 'light'} colours`, {
    skip,
  }, async () => {
    const { page } = await visit('/lesson/05/?class=lesson-05', { dark });
    await emptyTable(page);
    await page.locator('#login-you').click();
    await shown(page, 'you').getByText('ann').waitFor();
    await page.locator('#visit-you').click();
    await page.locator('.rows').getByText('changed').waitFor();
    assert.deepEqual(await inspectPage(page), []);
  });
}

test('nothing runs out of the page on a screen, a projector and a telephone', {
  skip,
}, async () => {
  for (const [width, height] of [
    [1440, 900],
    [1024, 768],
    [390, 844],
  ] as const) {
    const { page } = await visit('/lesson/05/?class=lesson-05', { width, height });
    await page.locator('#login-you').click();
    await shown(page, 'you').waitFor();
    const pixels = await overflow(page);
    assert.ok(pixels <= 0, `${pixels} pixels too wide at ${width}`);
    const low = await page.evaluate(() => {
      const targets = [...document.querySelectorAll(':is(.top, .jump) > a, #play summary')];
      return targets
        .filter((each) => each.checkVisibility() && each.getBoundingClientRect().height < 24)
        .map((each) => each.outerHTML);
    });
    assert.deepEqual(low, []);
  }
  const { page } = await visit('/lesson/05/?class=lesson-05');
  const devtools = await page.context().newCDPSession(page);
  // The reader's own setting: letters of twice the usual size.
  await devtools.send('Page.setFontSizes', { fontSizes: { standard: 32 } });
  const size = await page.evaluate(() => getComputedStyle(document.body).fontSize);
  assert.deepEqual([size, await overflow(page)], ['32px', 0]);
  await page.setViewportSize({ width: 360, height: 800 });
  const wide: string[] = [];
  for (const path of ['/lesson/05/', '/compare/', '/servers/', '/gauntlet/', '/finish/']) {
    await page.goto(`${lab.address}${path}`);
    if ((await overflow(page)) > 0) wide.push(path);
  }
  await devtools.send('Page.setFontSizes', { fontSizes: { standard: 16 } });
  assert.deepEqual(wide, []);
});

test('the first screen holds buttons, row and timeline at 1440 × 900', { skip }, async () => {
  const { page } = await visit('/lesson/05/?class=lesson-05', { width: 1440, height: 900 });
  await emptyTable(page);
  for (const text of ['Press Visit:', 'The table is empty.', 'Each request is drawn here']) {
    const box = await boxOf(page.getByText(text).first());
    assert.ok(box && box.y + box.height < 900, `"${text}" is below the first screen`);
  }
});

test('code wraps where it is wider than its column, and names its source', { skip }, async () => {
  const { page } = await visit('/lesson/13/', { width: 1440, height: 900 });
  const cut = await page.locator('#walkthrough pre, #code .listing').evaluateAll((blocks) => {
    for (const details of document.querySelectorAll('details')) details.open = true;
    return blocks.filter((block) => block.scrollWidth > block.clientWidth).length;
  });
  assert.equal(cut, 0);
  await reads(
    page.locator('figure').filter({ hasText: 'BREACHED' }).first().locator('figcaption'),
    'The attack on the class of lesson 12',
  );
  await page.emulateMedia({ media: 'print' });
  const onPaper = ['#walkthrough', '#play', '#hints'].map((part) => page.locator(part).isVisible());
  assert.deepEqual(await Promise.all(onPaper), [true, false, false]);
});

test('a file’s name in a table breaks only behind a slash or a hyphen', { skip }, async () => {
  const { page } = await visit('/lesson/07/', { width: 1440, height: 900 });
  await page.evaluate('globalThis.__name = (value) => value');
  const broken = await page.locator('.prose td code').evaluateAll((names) =>
    names.flatMap((name) => {
      const text = name.firstChild as Text;
      const words = [...text.data.matchAll(/[^/-]+/g)];
      return words.flatMap((word) => {
        const range = document.createRange();
        range.setStart(text, word.index);
        range.setEnd(text, word.index + word[0].length);
        return range.getClientRects().length > 1 ? [word[0]] : [];
      });
    }),
  );
  assert.deepEqual(broken, []);
});

test('on a telephone the text comes first, then the browser, then the attacks', {
  skip,
}, async () => {
  const { page } = await visit('/lesson/13/', { width: 390, height: 844 });
  const tops: number[] = [];
  for (const id of ['walkthrough', 'play', 'attacks']) {
    tops.push((await page.locator(`#${id}`).boundingBox())?.y ?? Number.NaN);
  }
  assert.deepEqual(
    tops,
    tops.toSorted((one, another) => one - another),
  );
});

test('on a telephone the data of a row has room', { skip }, async () => {
  const { page } = await visit('/lesson/09/', { width: 390, height: 844 });
  await page.locator('#login-you').click();
  const data = await boxOf(page.locator('.rows td').first());
  assert.ok(data && data.width > 250, `${data?.width} pixels`);
  await page.locator('.request summary').first().waitFor();
  await counts(page.locator('.request[open]'), 0);
  await page.locator('.request summary').first().click();
  await counts(page.locator('.request[open]'), 1);
});

test('a long wait for no answer fits a narrow page', { skip }, async () => {
  const { page } = await visit('/lesson/05/?class=lesson-05', { width: 320 });
  await page.locator('#visit-you').click();
  await page.locator('.request .result').first().waitFor();
  const wider = await page.evaluate(() => {
    const result = document.querySelector('.request .result');
    if (!result) return Number.NaN;
    result.textContent = '✘ no answer · 20216 ms';
    return document.documentElement.scrollWidth - innerWidth;
  });
  assert.equal(wider, 0);
});

test('a lesson that gets the focus is scrolled into the strip', { skip }, async () => {
  const { page } = await visit('/lesson/05/?class=lesson-05', { width: 320 });
  await page.locator('#to-20').waitFor();
  // The strip may be drawn anew at any time, so the link is looked for and measured in one task.
  const shown = await page.evaluate(() => {
    const each = document.getElementById('to-20');
    const list = each?.closest('ol');
    if (!each || !list) return Number.NaN;
    list.scrollLeft = 0;
    // Three pixels of it are in the list's view.
    list.scrollLeft = each.getBoundingClientRect().left - list.getBoundingClientRect().right + 3;
    each.focus();
    return Math.round(list.getBoundingClientRect().right - each.getBoundingClientRect().left);
  });
  assert.ok(shown > 24, `${shown} pixels`);
});

test('the attributes of a sealed cookie are in sight', { skip }, async () => {
  const { page } = await visit(`/lesson/${last}/?class=lesson-${last}`, { width: 1440 });
  await page.locator('#login-you').click();
  await reads(page.locator('#wire-you .got'), /Set-Cookie: .*… \d+ more ….*SameSite=/s);
  const [box, lines] = [page.locator('#wire-you .wire'), page.locator('#wire-you .got')];
  const [outer, inner] = [await boxOf(box), await boxOf(lines)];
  assert.ok(outer && inner && inner.y + inner.height <= outer.y + outer.height);
});

test('a Set-Cookie line is explained under the response that has it', { skip }, async () => {
  const { page } = await visit('/lesson/05/?class=lesson-05');
  await emptyTable(page);
  await page.locator('#visit-you').click();
  await counts(page.locator('#wire-you .explain'), 1);
  await page.locator('#visit-you').click();
  await shown(page, 'you').getByText('Count: 2').waitFor();
  await counts(page.locator('#wire-you .explain'), 0);
});

test('a block of the timeline shows its whole name or none of it', { skip }, async () => {
  const { page } = await visit(`/lesson/${last}/?class=lesson-${last}`, { width: 1440 });
  await page.locator('#login-you').click();
  await page.locator('.request .block').first().waitFor();
  const halves = await page.locator('.request .block').evaluateAll((blocks) =>
    // A block that waited has a lower line; on a quiet machine none of these has.
    [...blocks, ...blocks].flatMap((block, index) => {
      (block as HTMLElement).style.width = '44px';
      block.classList.toggle('waiting', index >= blocks.length);
      const [outer, name] = [block, block.querySelector('span')].map((each) =>
        each?.getBoundingClientRect(),
      );
      if (!outer || !name || name.top >= outer.bottom) return [];
      return name.right > outer.right + 1 ? [block.textContent] : [];
    }),
  );
  assert.deepEqual(halves, []);
});

test('an error that many tests share is written once', { skip }, async () => {
  const { page } = await visit('/lesson/02/?class=lesson-01');
  await page.locator('#run-tests').click();
  // During the run the sum ends with dots, and the sentence counts fewer.
  await reads(page.locator('#tests-state .sum'), /failed$/);
  await reads(
    page.locator('#tests-state .well'),
    /^✘ \d+ tests fail with the same error: Not ported yet/,
  );
  await counts(page.locator('#tests-state .why'), 0);
  await page.locator('#tests-state summary').click();
  const sentence = await page.locator('#tests-state .well').innerText();
  const number = Number(/\d+/.exec(sentence)?.[0]);
  await counts(page.locator('#tests-state details li:visible'), number);
  await reads(page.locator('#tests-state .sum'), new RegExp(`✘ ${number} failed$`));
});

test('the documentation opens, or says how it is built', { skip }, async () => {
  const { page } = await visit('/lesson/05/?class=lesson-05');
  await page.getByRole('link', { name: 'Documentation' }).click();
  await page.locator('h1').first().waitFor();
  const text = await page.locator('body').innerText();
  assert.match(text, /npm run docs|phpsessid/);
});

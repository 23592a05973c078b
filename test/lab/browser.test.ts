import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { findBrowser } from '../../src/workshop/tools/browser.ts';
import { contrastFaults, structureFaults } from './inspect-page.ts';
import { database, endAll, startWorkshop, type Workshop } from './workshop.ts';

const program = findBrowser();
const skip = program ? false : 'no browser of the Chromium family is installed';
const server = await database();
let browser: Browser;
let lab: Workshop;

before(async () => {
  if (!program) return;
  [lab, browser] = await Promise.all([
    startWorkshop(server.url),
    chromium.launch({
      executablePath: program,
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    }),
  ]);
});
after(async () => {
  await browser?.close();
  await endAll();
  await server.close();
});

interface Visit {
  page: Page;
  /** What the console complained about, and requests to anywhere but the lab. */
  complaints: string[];
}

/** Opens a page of the lab in a browser that knows nothing yet; the test closes no page itself. */
async function visit(
  path: string,
  options: { script?: boolean; width?: number; height?: number; dark?: boolean } = {},
): Promise<Visit> {
  for (const context of browser.contexts()) await context.close();
  const context = await browser.newContext({
    javaScriptEnabled: options.script ?? true,
    viewport: { width: options.width ?? 1440, height: options.height ?? 900 },
    colorScheme: options.dark ? 'dark' : 'light',
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(lab.address)) complaints.push(`asked for ${request.url()}`);
  });
  await page.goto(lab.address + path);
  return { page, complaints };
}

const shown = (page: Page, client: string) => page.locator(`#page-${client} .shown`);

/** Puts the lab back to its first state, by its own button. */
async function reset(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Empty the table, forget the cookies' }).click();
  await page.getByText('The table is empty.').first().waitFor();
}

test('a visit by click shows page, cookie, row and timeline', { skip }, async () => {
  const { page, complaints } = await visit('/lesson/05/');
  await reset(page);
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
  assert.equal(await row.locator('del').innerText(), '1');
  assert.equal(await row.locator('ins').innerText(), '2');
  const steps = await page.locator('.request').first().locator('.steps .name').allInnerTexts();
  assert.deepEqual(steps, ['open', 'read', 'gc', 'write', 'close']);
  assert.match(await page.locator('.request').first().innerText(), /UPDATE sessions SET d=\?/);
  assert.deepEqual(complaints, []);
});

test('a cookie that is typed by hand makes Mallory somebody else', { skip }, async () => {
  const { page } = await visit('/lesson/05/');
  await reset(page);
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

test('what is half typed survives news about the same field', { skip }, async () => {
  const { page } = await visit('/lesson/05/');
  await reset(page);
  await page.locator('#cookie-line-you').pressSequentially('MySession=4');
  const client = 'client=you&do=visit&lesson=05&class=lesson-05';
  await page.evaluate(async (form) => {
    const token = document.querySelector<HTMLInputElement>('input[name=token]')?.value ?? '';
    await fetch('/client', {
      method: 'POST',
      body: new URLSearchParams(`${form}&token=${token}`),
      headers: { Accept: 'application/json' },
    });
  }, client);
  await shown(page, 'you').getByText('Count: 1').waitFor();
  await page.locator('.rows tbody tr th .tag').getByText('You').waitFor();
  const field = page.locator('#cookie-line-you');
  assert.match((await field.getAttribute('value')) ?? '', /^MySession=\d+$/);
  assert.equal(await field.inputValue(), 'MySession=4');
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'cookie-line-you');
});

test('the whole way is walked with the keyboard alone', { skip }, async () => {
  const { page } = await visit('/lesson/05/');
  await reset(page);
  await page.locator('body').focus();
  await page.goto(`${lab.address}/lesson/05/`);
  const reach = async (id: string) => {
    for (let presses = 0; presses < 60; presses += 1) {
      await page.keyboard.press('Tab');
      if ((await page.evaluate(() => document.activeElement?.id)) === id) return;
    }
    assert.fail(`sixty presses of Tab never reached #${id}`);
  };
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Skip to the lab');
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

test('what happens is announced politely', { skip }, async () => {
  const { page } = await visit('/lesson/05/');
  await reset(page);
  await page.locator('#visit-you').click();
  const announcer = page.locator('#announcer');
  await announcer.getByText('You: 200, Count: 1').waitFor();
  assert.equal(await announcer.getAttribute('aria-live'), 'polite');
});

test('two visits at once share one axis of the timeline', { skip }, async () => {
  const { page } = await visit('/lesson/05/');
  await reset(page);
  await page.locator('#visit-you').click();
  await shown(page, 'you').getByText('Count: 1').waitFor();
  await page.locator('#twice-you').click();
  await page.locator('.group.together').getByText('2 requests at once, on one axis').waitFor();
  assert.equal(await page.locator('.group.together .request').count(), 2);
});

test('tests run on the class and each says how it went', { skip }, async () => {
  const { page } = await visit('/lesson/01/');
  await page.locator('#run-tests').click();
  await page.locator('#tests-state .sum').getByText('3 passed').waitFor();
  await page.locator('#announcer').getByText('All 3 tests pass.').waitFor();
});

test('an attack streams its transcript and ends in a verdict', { skip }, async () => {
  const { page } = await visit('/lesson/02/?class=wrong-02-article-read');
  await page.locator('#attack-02').click();
  await page.locator('.verdict').getByText('BREACHED').waitFor();
  assert.ok((await page.locator('.transcript li').count()) > 0);
  await page.goto(`${lab.address}/lesson/02/`);
  await page.locator('#attack-02').click();
  await page.locator('.verdict').getByText('held').waitFor();
});

test('the methods of an unfinished class are called by hand', { skip }, async () => {
  const { page, complaints } = await visit('/lesson/03/');
  await page.locator('#call-Open').click();
  await page.locator('#answer').getByText('Open("", "MySession") answers true').waitFor();
  await page.locator('#call-Write').click();
  await page.locator('#answer').getByText('answers true').waitFor();
  await page.locator('.rows').getByText('count|i:1;').waitFor();
  assert.deepEqual(complaints, []);
});

test('the essentials work without script', { skip }, async () => {
  const { page } = await visit('/lesson/05/', { script: false });
  await page.getByRole('button', { name: 'Empty the table, forget the cookies' }).click();
  await page.locator('#visit-you').click();
  assert.equal(await shown(page, 'you').innerText(), 'Count: 1');
  await page.locator('#visit-you').click();
  assert.equal(await shown(page, 'you').innerText(), 'Count: 2');
  await page
    .locator('#cookie-line-mallory')
    .fill(await page.locator('#cookie-line-you').inputValue());
  await page.locator('#keep-mallory').click();
  await page.locator('#visit-mallory').click();
  assert.equal(await shown(page, 'mallory').innerText(), 'Count: 3');
  await page.locator('#hints summary').first().click();
  assert.ok(await page.locator('#hints .prose').first().isVisible());
  await page.goto(`${lab.address}/lesson/01/`);
  await page.locator('#run-tests').click();
  assert.match(await page.locator('#tests-state').innerText(), /3 passed/);
});

test('names, headings and contrast hold in light colours', { skip }, async () => {
  await inspect(false);
});

test('names, headings and contrast hold in dark colours', { skip }, async () => {
  await inspect(true);
});

async function inspect(dark: boolean): Promise<void> {
  const { page } = await visit('/lesson/05/', { dark });
  await reset(page);
  await page.locator('#login-you').click();
  await shown(page, 'you').getByText('ann').waitFor();
  await page.locator('#visit-you').click();
  await page.locator('.rows').getByText('changed').waitFor();
  await page.evaluate(() => {
    for (const details of document.querySelectorAll('details')) details.open = true;
  });
  // The compiler names functions through a helper that the page does not have.
  await page.evaluate('globalThis.__name = (value) => value');
  assert.deepEqual(await page.evaluate(structureFaults), []);
  assert.deepEqual(await page.evaluate(contrastFaults), []);
}

test('nothing runs out of the page on a screen, a projector and a telephone', {
  skip,
}, async () => {
  for (const [width, height] of [
    [1440, 900],
    [1024, 768],
    [390, 844],
  ] as const) {
    const { page } = await visit('/lesson/05/', { width, height });
    await page.locator('#login-you').click();
    await shown(page, 'you').waitFor();
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `${overflow} pixels too wide at ${width}`);
  }
});

test('the first screen holds buttons, row and timeline at 1440 × 900', { skip }, async () => {
  const { page } = await visit('/lesson/05/');
  await reset(page);
  for (const text of ['Press Visit:', 'The table is empty.', 'Each request is drawn here']) {
    const box = await page.getByText(text).first().boundingBox();
    assert.ok(box && box.y + box.height < 900, `"${text}" is below the first screen`);
  }
});

test('the documentation opens, or says how it is built', { skip }, async () => {
  const { page } = await visit('/lesson/05/');
  await page.getByRole('link', { name: 'Documentation' }).click();
  await page.locator('h1').first().waitFor();
  const text = await page.locator('body').innerText();
  assert.match(text, /npm run docs|phpsessid/);
});

import assert from 'node:assert/strict';
import {
  createReadStream,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { inflateSync } from 'node:zlib';
import { readLessons } from '../../../src/workshop/course/catalogue.ts';
import { buildSite, type SiteReport } from '../../../src/workshop/site/typedoc.ts';
import { serve } from '../../adapters/fixture.ts';
import { findBrowser } from '../find-browser.ts';
import { contrastFaults } from '../lab/inspect-page.ts';
import { openBrowser, openPage } from '../open-browser.ts';

const folder = mkdtempSync(join(tmpdir(), 'phpsessid-site-test-'));
const site = join(folder, 'site');
const lessons = readLessons();
let report: SiteReport;

before(async () => {
  report = await buildSite({ out: site });
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('the site builds without a warning and without a fault', () => {
  assert.deepEqual(report.faults, []);
  assert.ok(existsSync(join(site, 'index.html')));
});

test('every lesson has a page under its own title', () => {
  for (const { number, title } of lessons) {
    assert.match(lessonPage(number, title), new RegExp(`<h1>${number}\\. ${title}`));
  }
});

test('the lessons lead from one to the next and back', () => {
  for (const [index, { number, title }] of lessons.entries()) {
    const html = lessonPage(number, title);
    const next = lessons[index + 1];
    if (next) {
      assert.match(
        html,
        new RegExp(`href="[^"]*" rel="next"[^>]*>.*${next.number}\\. ${next.title}`),
      );
    }
    const previous = lessons[index - 1];
    if (!previous) assert.doesNotMatch(html, /rel="prev"/);
    else
      assert.match(html, new RegExp(`rel="prev"[^>]*>.*${previous.number}\\. ${previous.title}`));
  }
});

test("code is shown with the file's name, diffs with what they compare", () => {
  const titleOf = (wanted: number) => lessons.find(({ number }) => number === wanted)?.title ?? '';
  assert.match(lessonPage(3, titleOf(3)), /<figcaption>sessions\.ts · Write<\/figcaption><pre>/);
  assert.match(
    lessonPage(10, titleOf(10)),
    /<figcaption>sessions\.ts · Write, against the lesson before<\/figcaption><pre>/,
  );
});

test("every lesson's class is in the API, by the lesson's name", () => {
  for (const { label } of lessons) {
    const html = readFileSync(join(site, `classes/Lesson_${label}_class.Sessions.html`), 'utf8');
    assert.match(html, /<h1>Class Sessions/);
  }
});

test('the search knows words of the lessons and of the doc comments', () => {
  const packed = /window\.searchData = "([^"]+)"/.exec(
    readFileSync(join(site, 'assets/search.js'), 'utf8'),
  )?.[1];
  const index = inflateSync(Buffer.from(packed ?? '', 'base64')).toString('utf8');
  assert.match(index, /fetchal/);
  assert.match(index, /Lesson 05 class/);
});

test('code has the contrast of text in both themes, comments included', () => {
  const css = ['highlight.css', 'custom.css'].map((name) =>
    readFileSync(join(site, 'assets', name), 'utf8'),
  );
  const values = new Map(
    [...css.join('').matchAll(/--((?:light|dark)-[\w-]+): (#[0-9a-f]{6});/gi)].map(
      ([, name = '', value = '']) => [name, value],
    ),
  );
  for (const theme of ['light', 'dark']) {
    const paper = values.get(`${theme}-code-background`) ?? '';
    const faint = [...values].filter(
      ([name, ink]) => name.startsWith(`${theme}-hl-`) && contrast(ink, paper) < 4.5,
    );
    assert.deepEqual(faint, [], `on ${paper}`);
    assert.ok([...values.keys()].some((name) => name.startsWith(`${theme}-hl-`)));
  }
});

test('a page has one main landmark, and the keys scroll its tables', () => {
  const html = readFileSync(join(site, 'documents/The_numbers.html'), 'utf8');
  assert.equal(html.match(/role="main"|<main/g)?.length, 1);
  const tables = html.match(/<table>/g) ?? [];
  assert.ok(tables.length > 0);
  assert.equal(html.match(/<div class="wide" tabindex="0"><table>/g)?.length, tables.length);
  assert.doesNotMatch(html, /<th[^>]*><\/th>/, 'a column without a name');
});

test('no heading skips a level', () => {
  const names = readdirSync(site, { recursive: true, encoding: 'utf8' });
  for (const name of names.filter((each) => each.endsWith('.html'))) {
    const [, content = ''] = readFileSync(join(site, name), 'utf8').split('role="main"');
    let last = 0;
    for (const [, own, level = own] of content.matchAll(/<h([1-6])(?: aria-level="(\d)")?[\s>]/g)) {
      assert.ok(Number(level) <= last + 1, `${name}: level ${level} after ${last}`);
      last = Number(level);
    }
  }
});

test('the bytes of the format are text that can be read and copied', () => {
  const html = readFileSync(join(site, 'documents/The_format.html'), 'utf8');
  assert.match(html, /<pre>[\s\S]*?6e 61 6d 65 7c 73 3a 36 3a 22 5a 6f c3 ab 7c 3b 22 3b\nkey/);
});

test('a browser opens the pages, searches and changes the theme without an error', {
  skip: findBrowser() ? false : 'no browser is installed',
}, async () => {
  const base = `${await serve(sendFile)}/`;
  const complaints: string[] = [];
  const browser = await openBrowser();
  assert.ok(browser);
  try {
    const page = await openPage(browser, { colorScheme: 'light' });
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (!/^(?:data|blob):/.test(request.url()) && !request.url().startsWith(base)) {
        complaints.push(`asked for ${request.url()}`);
      }
    });

    await page.goto(base);
    await page
      .getByRole('link', { name: /the article as it reached us/i })
      .first()
      .click();
    assert.match((await page.locator('h1').textContent()) ?? '', /^0\. The article/);
    await page.getByRole('link', { name: /^After/ }).click();
    await page.locator('h1', { hasText: /^1\./ }).waitFor();

    await page.goto(`${base}documents/The_format.html`);
    await page.locator('.tsd-typography pre', { hasText: '63 6f 75 6e 74' }).first().waitFor();
    const summary = await page.locator('.tsd-page-navigation > summary').boundingBox();
    assert.ok(summary && summary.height >= 24, `a target of ${summary?.height} pixels`);
    const background = () =>
      page.evaluate('getComputedStyle(document.body).backgroundColor') as Promise<string>;
    const light = await background();
    await page.emulateMedia({ colorScheme: 'dark' });
    assert.notEqual(await background(), light);
    // Paper is white for a reader whose screen is dark, too.
    await page.emulateMedia({ media: 'print' });
    const faults = await page.evaluate(contrastFaults);
    assert.deepEqual(
      faults.filter((fault) => !fault.endsWith('pixels')),
      [],
    );
    await page.emulateMedia({ media: 'screen' });

    await page.setViewportSize({ width: 390, height: 844 });
    for (const [name, index] of [
      ['The_store', 0],
      ['10._Upsert', -1],
    ] as const) {
      await page.goto(`${base}documents/${name}.html`);
      const table = page.locator('.wide').nth(index);
      const [inside, room] = await table.evaluate((box) => [box.scrollWidth, box.clientWidth]);
      assert.ok((inside ?? 0) <= (room ?? 0), `${name}: a table of ${inside} pixels in ${room}`);
    }
    const drawing = page.getByRole('img', { name: 'Two first saves' });
    const box = await drawing.boundingBox();
    assert.ok(box && box.width > 300 && box.x + box.width <= 390, JSON.stringify(box));
    await page.setViewportSize({ width: 320, height: 844 });
    for (const path of [
      'classes/phpsessid_mysql_nextjs-auth0.Auth0SessionStore',
      'classes/phpsessid_php.PhpArgumentCountError',
      'functions/phpsessid_php.session_set_save_handler',
      'modules/phpsessid_mysql_node',
    ]) {
      await page.goto(`${base}${path}.html`);
      // TypeDoc hides a page until its menu is there, and a hidden page is as wide as its window.
      await page.locator('h1').waitFor();
      for (const size of ['100%', '200%']) {
        await page.addStyleTag({ content: `html { font-size: ${size} }` });
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.equal(width, 320, `${path} with text of ${size}`);
      }
    }
    await page.setViewportSize({ width: 1440, height: 900 });

    await page.locator('#tsd-search-trigger').click();
    await page.locator('#tsd-search-input').fill('garbageCollect');
    await page.locator('#tsd-search-results li', { hasText: 'garbageCollect' }).first().waitFor();
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
  }
});

test('paper has every column of the tables', {
  skip: findBrowser() ? false : 'no browser is installed',
}, async () => {
  const base = `${await serve(sendFile)}/documents/`;
  const browser = await openBrowser();
  assert.ok(browser);
  try {
    const page = await openPage(browser, {});
    await page.emulateMedia({ media: 'print' });
    let tables = 0;
    for (const name of ['The_matrix', 'The_numbers', 'The_board', 'The_store', 'PHP_and_ours']) {
      await page.goto(`${base}${name}.html`);
      await page.locator('h1').waitFor();
      // A4 less margins of 1 cm.
      for (const [paper, width] of [
        ['auto', 718],
        ['wide', 1047],
      ] as const) {
        await page.setViewportSize({ width, height: 900 });
        const widths = await page
          .locator('.wide')
          .evaluateAll(
            (boxes, paper) =>
              boxes
                .filter((box) => getComputedStyle(box).getPropertyValue('page') === paper)
                .map((box) => [box.scrollWidth, box.clientWidth]),
            paper,
          );
        tables += widths.length;
        for (const [inside = 0, room = 0] of widths) {
          assert.ok(inside <= room, `${name}: a table of ${inside} pixels in ${room}`);
        }
      }
    }
    assert.ok(tables > 20, `${tables} tables`);
  } finally {
    await browser.close();
  }
});

test('without scripts a page shows nothing that needs them', {
  skip: findBrowser() ? false : 'no browser is installed',
}, async () => {
  const base = `${await serve(sendFile)}/`;
  const browser = await openBrowser();
  assert.ok(browser);
  try {
    const page = await openPage(browser, { javaScriptEnabled: false });
    await page.goto(base);
    await page.locator('h1').waitFor();
    assert.equal(await page.getByText('Loading...').isVisible(), false);
    assert.equal(await page.getByRole('button', { name: /search|copy/i }).count(), 0);
  } finally {
    await browser.close();
  }
});

/** WCAG's contrast ratio of two colours such as `#1f2125`. */
function contrast(one: string, other: string): number {
  const luminance = (colour: string): number => {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
      const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function lessonPage(number: number, title: string): string {
  const name = `${number}. ${title}`.replaceAll(' ', '_');
  return readFileSync(join(site, 'documents', `${name}.html`), 'utf8');
}

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
};

/** Answers with a file of the site. */
const sendFile: RequestListener = (request, response) => {
  const name = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
  const path = join(site, name === '/' ? 'index.html' : name);
  if (!existsSync(path) || !statSync(path).isFile()) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'text/plain' });
  createReadStream(path).pipe(response);
};

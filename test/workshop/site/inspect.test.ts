import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspectSite } from '../../../src/workshop/site/inspect.ts';

const sound = '<title>A</title><h1 id="top">A</h1><h2>One</h2><a href="b.html#here">b</a>';

test('a sound site has no faults', () => {
  assert.deepEqual(inspect({}), []);
});

test('a link to a page that is not there is found', () => {
  assert.deepEqual(inspect({ 'a.html': `${sound}<a href="gone.html">x</a>` }), [
    'a.html links to gone.html, which is not there',
  ]);
});

test('a link to a heading that is not there is found', () => {
  assert.deepEqual(inspect({ 'a.html': `${sound}<a href="#gone">x</a>` }), [
    'a.html links to #gone, but a.html has no such heading',
  ]);
});

test('a page with two first-level headings or none is found', () => {
  assert.deepEqual(inspect({ 'a.html': `${sound}<h1>B</h1>`, 'b.html': page('<p id="here">') }), [
    'a.html has 2 first-level headings instead of one',
    'b.html has 0 first-level headings instead of one',
  ]);
});

test('a heading that a page has twice is found', () => {
  assert.deepEqual(inspect({ 'a.html': `${sound}<h2><code>One</code></h2>` }), [
    'a.html has the heading "One" twice',
  ]);
});

test('an id given to two elements is found', () => {
  assert.deepEqual(inspect({ 'a.html': `${sound}<p id="top"></p>` }), [
    'a.html gives the id "top" to two elements',
  ]);
});

test('a page without a title is found', () => {
  assert.deepEqual(inspect({ 'a.html': '<h1>A</h1>' }), ['a.html has no title']);
});

test('a script from elsewhere is found', () => {
  const html = `${sound}<script defer src="https://cdn.example/x.js"></script>`;
  assert.deepEqual(inspect({ 'a.html': html }), [
    'a.html loads https://cdn.example/x.js from elsewhere',
  ]);
});

test('a style from elsewhere is found, without a scheme too', () => {
  const html = `${sound}<link rel="stylesheet" href="//cdn.example/x.css">`;
  assert.deepEqual(inspect({ 'a.html': html }), [
    'a.html loads //cdn.example/x.css from elsewhere',
  ]);
});

test('a font that a drawing or a style sheet imports is found', () => {
  const html = `${sound}<svg><style>@import url('https://fonts.example/x');</style></svg>`;
  const css = 'a{}@font-face{src:url("https://fonts.example/y.woff2")}';
  assert.deepEqual(inspect({ 'a.html': html, 'a.css': css }), [
    'a.html loads https://fonts.example/x from elsewhere',
    'a.css loads https://fonts.example/y.woff2 from elsewhere',
  ]);
});

test('links to other sites are not checked', () => {
  assert.deepEqual(inspect({ 'a.html': `${sound}<a href="https://php.example/">PHP</a>` }), []);
});

function page(body: string): string {
  return `<title>B</title>${body}`;
}

function inspect(files: Record<string, string>): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'phpsessid-inspect-'));
  try {
    const all = { 'a.html': sound, 'b.html': page('<h1 id="here">B</h1>'), ...files };
    for (const [name, text] of Object.entries(all)) writeFileSync(join(folder, name), text);
    return inspectSite(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The benchmark's figures on the pages, and the statements checked against them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { root } from '../../../src/workshop/course/catalogue.ts';
import type { Spread } from '../../../src/workshop/measure/figures.ts';
import type { Numbers, PageNumbers, Row } from '../../../src/workshop/measure/lessons/numbers.ts';
import {
  holdClaim,
  readNumbers,
  yieldNumbers,
  yieldPrice,
} from '../../../src/workshop/site/numbers.ts';
import { weavePage } from '../../../src/workshop/site/page.ts';

const page = { path: join(root, 'docs/the-numbers.md'), name: 'docs/the-numbers.md', text: '' };
const folder = mkdtempSync(join(tmpdir(), 'phpsessid-numbers-'));
after(() => rmSync(folder, { recursive: true }));

const near = (median: number): Spread => ({ median, low: median - 10, high: median + 10 });

function figures(cpu: number, more: Partial<PageNumbers> = {}): PageNumbers {
  return {
    statements: 3,
    connections: 0,
    perSecond: near(1e6 / cpu),
    cpu: near(cpu),
    server: near(cpu * 0.75),
    database: near(cpu * 0.25),
    p50: 2,
    p99: 8.04,
    failed: 0,
    ...more,
  };
}

function row(name: string, label: string, count: PageNumbers): Row {
  return { name, label, pages: { count, read: figures(100) } };
}

const numbers: Numbers = {
  date: '2026-11-23',
  machine: { system: 'linux x64', cores: 2, load: 0.5 },
  versions: { Node: '20.20.2' },
  run: { rounds: 7, seconds: 1, clients: 4 },
  missing: [],
  rows: [
    row('lesson-05', '05 Around it', figures(4000, { connections: 1, failed: 0.125 })),
    row('lesson-06', '06 Shared', figures(1000)),
    row('lesson-10', '10 Upsert & more', figures(1005, { statements: 2 })),
    row('express', 'express-session', figures(2000)),
  ],
};

test("a page's table has a line for each contender, with what could not be answered", () => {
  const lines = yieldNumbers('count', numbers).text.split('\n');
  assert.equal(lines.length, 2 + numbers.rows.length);
  assert.equal(
    lines[2],
    '| 05 Around it | 3 | 1 | 250 | 4000 | 3000 | 1000 | 2.00 | 8.04 | 12.5 % |',
  );
});

test('a comparison states the change, and where the rounds do not separate the two', () => {
  const lines = yieldNumbers('lesson-06 lesson-10', numbers).text.split('\n');
  assert.deepEqual(lines.slice(2), [
    '| statements | 3 | 2 | −1 |',
    '| CPU µs an answer | 1000 | 1005 | × 1.00, not significant |',
    '| answers a second | 1000 | 995 | × 1.00, not significant |',
  ]);
  assert.match(yieldNumbers('lesson-05 lesson-06', numbers).text, /\| 4000 \| 1000 \| × 0\.25 \|/);
});

test('a comparison with a contender that is not a lesson has no change', () => {
  const [head, , statements] = yieldNumbers('lesson-06 express', numbers).text.split('\n');
  assert.equal(head, '| the counter page | 06 Shared | express-session |');
  assert.equal(statements, '| statements | 3 | 3 |');
});

test('contenders that were not measured are listed, and drawn nowhere', () => {
  const [first] = numbers.rows;
  assert.ok(first);
  const blind = { ...figures(1), cpu: null, server: null, database: null };
  const rows = [{ ...first, pages: { count: blind, read: blind } }];
  assert.match(yieldNumbers('count', { ...numbers, rows }).text, /\| not measured \|/);
  assert.throws(() => yieldNumbers('picture', { ...numbers, rows }), {
    message: 'docs/numbers.json has no CPU time; measure on a system that reports it',
  });
});

test('the picture has a bar for each contender, as long as its figure', () => {
  const [cpu, rate] = yieldNumbers('picture', numbers).text.split('\n\n```text\n');
  const [, title, , ...lines] = cpu?.split('\n') ?? [];
  assert.match(title ?? '', /█ web server ░ database/);
  assert.equal(lines.pop(), '```');
  const bars = lines.map((line) => [line.match(/█/g)?.length, line.match(/░/g)?.length]);
  assert.deepEqual(bars, [
    [38, 13],
    [9, 3],
    [9, 3],
    [19, 6],
  ]);
  assert.match(lines[2] ?? '', /^10 Upsert & more {2}1005 /);
  const rates = rate?.match(/█+/g)?.map(({ length }) => length) ?? [];
  assert.equal(rates.length, lines.length);
  assert.equal(Math.max(...rates), 50);
});

test("a lesson's price is one line against the last lesson that was measured", () => {
  const price = (number: number): string => yieldPrice(number, numbers).text;
  assert.match(
    price(6),
    /: 3 statements, 0 connections \(−1\), 1000 µs of CPU time per answer \(× 0\.25\), against lesson 5\. \[/,
  );
  assert.match(
    price(10),
    /: 2 statements \(−1\), 1005 µs of CPU time per answer \(× 1\.00, not significant\), against lesson 6\. \[/,
  );
  assert.match(
    price(5),
    /: 3 statements, 1 connection, 4000 µs of CPU time per answer\. \[.*\]\(\.\.\/\.\.\/docs\/the-numbers\.md#how-it-was-measured\)$/,
  );
  assert.throws(() => price(9), /has no row "lesson-09"/);
});

test('a true statement passes, and a false one is reported with both figures', () => {
  holdClaim('lesson-05 cpu > 3 lesson-06 cpu', numbers);
  holdClaim('lesson-10 statements = 2', numbers);
  holdClaim('lesson-10 read.cpu = lesson-06 read.cpu', numbers);
  assert.throws(() => holdClaim('lesson-10 cpu < lesson-06 cpu', numbers), {
    message:
      'docs/numbers.json says otherwise than the words below: lesson-10 cpu < lesson-06 cpu, and it is 1005 and 1000. Change the words',
  });
  assert.throws(() => holdClaim('lesson-10 is fast', numbers), /the form is lesson-10 cpu < 0\.9/);
  assert.throws(() => holdClaim('lesson-10 speed > 1', numbers), /with statements, connections/);
  assert.throws(() => holdClaim('lesson-99 cpu > 1', numbers), /has no row "lesson-99"; it has/);
});

test('a claim leaves the words below it as they are', async () => {
  const text = '<!-- holds: lesson-10 cpu < lesson-06 cpu -->\n\nIt is **faster**.\n';
  const claims: string[] = [];
  const woven = await weavePage({ ...page, text }, async (marker) => {
    if (marker.kind === 'holds') claims.push(marker.argument);
    return undefined;
  });
  assert.deepEqual([woven.text, woven.problems], [text, []]);
  assert.deepEqual(claims, ['lesson-10 cpu < lesson-06 cpu']);
});

test('a file that is missing, broken or old is refused with the command that makes it', () => {
  const remedy = /npm run bench -- lessons --save docs\/numbers\.json$/;
  assert.throws(() => readNumbers(join(folder, 'none.json')), remedy);
  const old = [{ ...numbers, rows: [{ name: 'x' }] }, { ...numbers, machine: undefined }, {}];
  for (const text of ['{', ...old.map((each) => JSON.stringify(each))]) {
    const path = join(folder, 'numbers.json');
    writeFileSync(path, text);
    assert.throws(() => readNumbers(path), remedy, text);
  }
});

test('the stored run names no machine and no path', () => {
  const kept = JSON.stringify(readNumbers());
  assert.doesNotMatch(kept, /\/(work|root|home|tmp|Users)\b|localhost|127\.0\.0\.1/);
});

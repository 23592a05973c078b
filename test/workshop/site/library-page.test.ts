/** The two lists of all lessons that are typed by hand. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { readLessons, root } from '../../../src/workshop/course/catalogue.ts';

const docs = join(root, 'docs');
const page = readFileSync(join(docs, 'from-here-to-the-library.md'), 'utf8');
const rows = page.split('\n').filter((line) => /^\| \[?\d/.test(line));

test('the README lists every lesson by its title, in the order of the lessons', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  assert.deepEqual(
    [...readme.matchAll(/^\| (\[\d+\. .*?\]\(lessons\/.*?\)) \|/gm)].map(([, link]) => link),
    readLessons().map(
      ({ number, title, directory }) =>
        `[${number}. ${title}](lessons/${basename(directory)}/README.md)`,
    ),
  );
});

test('every lesson has one line, in the order of the lessons', () => {
  const numbers = rows.map((row) => Number(/\d+/.exec(row)?.[0]));
  const lessons = readLessons().map(({ number }) => number);
  assert.deepEqual(
    numbers.filter((number) => lessons.includes(number)),
    lessons,
  );
  for (const { number, directory } of readLessons()) {
    const starts = [
      `| [${number}](../lessons/${basename(directory)}/README.md) |`,
      `| ${number} |`,
    ];
    assert.ok(
      rows.some((row) => starts.some((start) => row.startsWith(start))),
      `lesson ${number} has no line, or its link leads elsewhere`,
    );
  }
});

test('every line leads to a file of the library that is there', () => {
  for (const row of rows) {
    const places = [...row.matchAll(/\]\((\.\.\/src\/[^)]+)\)/g)].map(([, path = '']) => path);
    assert.ok(places.length > 0, row);
    for (const place of places) {
      assert.ok(existsSync(join(docs, place)), `${place} is not there: ${row}`);
      assert.doesNotMatch(place, /workshop/);
    }
  }
  for (const [, name = ''] of page.matchAll(/`(\w+)`/g)) {
    const files = [...page.matchAll(/\]\((\.\.\/src\/[^)]+)\)/g)].map(([, path = '']) => path);
    assert.ok(
      files.some((path) => readFileSync(join(docs, path), 'utf8').includes(name)),
      `no file of the page has ${name}`,
    );
  }
});

/** Lessons and classes as their folders hold them, and the errors for names that do not exist. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  findClass,
  findLesson,
  readLessons,
  root,
} from '../../../src/workshop/course/catalogue.ts';
import { reviewConditions } from '../../../src/workshop/course/conditions.ts';
import { schemaFor, schemaOf } from '../../../src/workshop/course/tables.ts';

const lessons = readLessons();

test('a lesson is found by its number, its condition and its folder', () => {
  for (const wanted of [3, '3', '03', 'lesson-03', '03-write']) {
    assert.equal(findLesson(lessons, wanted).slug, '03-write');
  }
});

test('an unknown lesson is refused with the list', () => {
  for (const wanted of ['', '0x3', '99', '-1', '1e0', 'write']) {
    assert.throws(() => findLesson(lessons, wanted), {
      name: 'UnknownName',
      message: /^There is no lesson ".*"\. There are:\n {2}00 {2}The article as it reached us\n/,
    });
  }
});

test('a class is found by its condition, with its lesson and its patch', () => {
  assert.equal(findClass(lessons, '3').condition, 'lesson-03');
  assert.equal(findClass(lessons, 'mine').lesson, undefined);
  const { lesson, path, wrong } = findClass(lessons, 'wrong-02-null');
  assert.equal(lesson?.label, '02');
  assert.match(path, /02-read.made.null\.ts$/);
  assert.match(wrong?.patch ?? '', /02-read.wrong.null\.patch$/);
});

test('an unknown class is refused with the list', () => {
  for (const wanted of ['', '99', 'wrong-02', 'default', 'types']) {
    assert.throws(() => findClass(lessons, wanted), {
      name: 'UnknownName',
      message: /^There is no class ".*"\. There are:\n {2}mine\n {2}lesson-00\n/,
    });
  }
});

test('a lesson.json without a valid kind, time or difficulty is refused by name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'phpsessid-catalogue-'));
  try {
    cpSync(findLesson(lessons, 0).directory, join(folder, '00-page'), { recursive: true });
    const read = (data: object) => {
      writeFileSync(join(folder, '00-page/lesson.json'), JSON.stringify(data));
      return readLessons(folder)[0];
    };
    const whole = { kind: 'page', minutes: 5, difficulty: 2 };
    assert.equal(read(whole)?.difficulty, 2);
    writeFileSync(join(folder, '00-page/lesson.json'), '{');
    assert.throws(
      () => readLessons(folder),
      /^Error: lessons\/00-page\/lesson\.json is not JSON: /,
    );
    for (const [part, values] of Object.entries({
      kind: ['', 'lesson', undefined],
      minutes: [0, 1.5, '5', undefined],
      difficulty: [0, 4, 'easy', undefined],
    })) {
      for (const value of values) {
        const form = `^lessons/00-page/lesson\\.json: ${part} must be .*; got ${JSON.stringify(value)}$`;
        assert.throws(
          () => read({ ...whole, [part]: value }),
          { message: new RegExp(form) },
          `${part} ${value}`,
        );
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a class works on the newest table at or before its lesson', () => {
  const [first, third] = [findLesson(lessons, 1), findLesson(lessons, 3)];
  assert.equal(schemaFor(lessons, 0), schemaFor(lessons, 1), 'lesson 0 has no table of its own');
  assert.notEqual(schemaFor(lessons, 1), schemaFor(lessons, 18));
  const { path } = findClass(lessons, 'wrong-03-saves-a-write');
  const test = join(findLesson(lessons, 18).directory, 'sessions.test.ts');
  assert.equal(schemaOf(path, test), schemaFor(lessons, 3), 'by its folder');
  assert.equal(schemaOf('/elsewhere/sessions.ts', test), schemaFor(lessons, 18), 'by the test');
  assert.equal(schemaOf(third.files.class, test, first.number), schemaFor(lessons, 1), 'by number');
});

test('only this room knows a path below the lessons', () => {
  const strangers = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => /\.m?ts$|\.mjs$/.test(path) && !path.startsWith('workshop/course/'))
    .filter((path) => namesLessons(readFileSync(join(root, 'src', path), 'utf8')));
  assert.deepEqual(strangers, []);
});

test('a path below the lessons is recognised in code and not in prose', () => {
  for (const code of ["join(root, 'lessons')", 'x(`lessons/02`)', "import('../../lessons/a')"]) {
    assert.equal(namesLessons(code), true, code);
  }
  for (const prose of [
    '/** See `lessons/`. */',
    '// in `lessons/`',
    "say('kept in lessons/mine')",
  ]) {
    assert.equal(namesLessons(prose), false, prose);
  }
});

/** True for a string that begins as a path to the lessons, outside comments. */
function namesLessons(source: string): boolean {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  return /['`](?:\.\.\/)*lessons[/'`]/.test(code);
}

test('every lesson has its condition in package.json', () => {
  assert.deepEqual(reviewConditions(false), []);
});

/** The heading of each lesson's page, and its links to the pages before and after. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findLesson, readLessons } from '../../../src/workshop/course/catalogue.ts';
import { headingOf, neighboursOf, withoutFrame } from '../../../src/workshop/course/frame.ts';

const lessons = readLessons();

test('every page begins with its heading and ends with its neighbours', () => {
  for (const lesson of lessons) {
    const page = readFileSync(lesson.files.readme, 'utf8').replaceAll('\r\n', '\n');
    const body = page.replace(/^---\n.*?\n---\n\n/s, '');
    const block = (name: string, text: string) => `<!-- ${name} -->\n\n${text}\n\n<!-- end -->\n`;
    const remedy = `${lesson.slug}: run npm run weave -- lessons/${lesson.slug}`;
    assert.ok(body.startsWith(block('heading', headingOf(lesson, lessons))), remedy);
    assert.ok(body.endsWith(block('neighbours', neighboursOf(lesson, lessons))), remedy);
    assert.doesNotMatch(withoutFrame(page), /^# |\.\.\/\.\.\/README\.md/m, remedy);
  }
});

test('the links of a page lead to pages, and the first and the last have one neighbour', () => {
  for (const lesson of lessons) {
    const links = neighboursOf(lesson, lessons).matchAll(/\]\(([^)#]+)/g);
    for (const [, path = ''] of links) assert.ok(existsSync(join(lesson.directory, path)), path);
  }
  const [first, last] = [lessons[0], lessons.at(-1)];
  assert.ok(first && last);
  assert.doesNotMatch(neighboursOf(first, lessons), /←/);
  assert.doesNotMatch(neighboursOf(last, lessons), /→/);
  assert.match(neighboursOf(findLesson(lessons, 3), lessons), /^\[← 2\. Read\].*\[4\. .* →\]/);
});

/** The code that a lesson's class wrote, and that later classes import from a file beside it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { findLesson, readLessons } from '../../../src/workshop/course/catalogue.ts';
import { moved, readMoved } from '../../../src/workshop/course/moved.ts';

const lessons = readLessons();

test('each declaration of a file that later classes import is that of its lesson’s class', () => {
  for (const [name, number] of Object.entries(moved)) {
    const written = inOneForm(readFileSync(findLesson(lessons, number).files.class, 'utf8'));
    const declarations = readMoved(name, lessons);
    assert.ok(declarations.length > 2, `${name}.ts has ${declarations.length}`);
    for (const each of declarations) {
      const wanted = inOneForm(each).trim();
      assert.ok(written.includes(wanted), `${name}.ts differs from lesson ${number}:\n${each}`);
    }
  }
});

/** Without the margin of a method, and without the words that only a method or an export has. */
function inOneForm(text: string): string {
  return text
    .replaceAll(/^ +/gm, '')
    .replaceAll(/^(?:(?:export|static|async|function) )+/gm, '')
    .replaceAll(/^const (\w+): number = /gm, 'const $1 = ');
}

/** The code that a lesson's class wrote, and that later classes import from a file beside it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { findLesson, readLessons } from '../../../src/workshop/course/catalogue.ts';
import { asWritten, moved, readMoved, withoutMoved } from '../../../src/workshop/course/moved.ts';

const lessons = readLessons();

const classOf = (number: number) => readFileSync(findLesson(lessons, number).files.class, 'utf8');

test('each declaration of a file that later classes import is that of its lesson’s class', () => {
  for (const [name, number] of Object.entries(moved)) {
    const declarations = readMoved(name, lessons);
    assert.ok(declarations.length > 1, `${name}.ts has ${declarations.length}`);
    for (const each of declarations) {
      const isThere = asWritten(each).some((text) => classOf(number).includes(`${text}\n\n`));
      assert.ok(isThere, `${name}.ts differs from the class of lesson ${number}:\n${each}`);
    }
  }
});

test('code that a class imports is taken out of the class before, unless it is another', () => {
  for (const [name, number] of Object.entries(moved)) {
    const kept = withoutMoved(classOf(number), classOf(number + 1), lessons);
    const left = readMoved(name, lessons)
      .flatMap(asWritten)
      .filter((text) => kept.includes(text) && !classOf(number + 1).includes(text));
    assert.deepEqual(left, [], name);
  }
  const queue = withoutMoved(classOf(14), classOf(15), lessons);
  assert.doesNotMatch(
    queue,
    /static async #ask\(|static async #take\(|static #asking|const lockName/,
  );
  assert.match(queue, /static async #lock\(/);
  const own = classOf(20).replace('lease: 10', 'lease: 20');
  assert.match(withoutMoved(own, classOf(21), lessons), /lease: 20/);
});

/** Facts about lessons that follow from their order and their data. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findLesson, readLessons } from '../../../src/workshop/course/catalogue.ts';
import {
  lessonAfter,
  lessonBefore,
  promisedVerdict,
  retiredBy,
} from '../../../src/workshop/course/promises.ts';

const lessons = readLessons();
const [port, fix, later] = [3, 7, 9].map((number) => findLesson(lessons, number));
assert.ok(port && fix && later);

test('a lesson starts from the class before it, and the first from none', () => {
  assert.equal(lessonBefore(lessons, fix)?.label, '06');
  assert.equal(lessonBefore(lessons, findLesson(lessons, 0)), undefined);
  assert.equal(lessonAfter(lessons, fix)?.label, '08');
  assert.equal(lessonAfter(lessons, lessons.at(-1) ?? fix), undefined);
});

test('an attack breaches the class before its lesson and is held from there on', () => {
  assert.equal(promisedVerdict(lessons, fix, findLesson(lessons, 6)), 'breached');
  assert.equal(promisedVerdict(lessons, fix, fix), 'held');
  assert.equal(promisedVerdict(lessons, fix, later), 'held');
});

test('a promise holds for a lesson that was read at another time', () => {
  const before = findLesson(readLessons(), 6);
  assert.equal(promisedVerdict(lessons, fix, before), 'breached');
});

test('older classes, and classes without the method, promise nothing', () => {
  assert.equal(promisedVerdict(lessons, fix, findLesson(lessons, 5)), undefined);
  assert.equal(promisedVerdict(lessons, port, findLesson(lessons, 2)), undefined);
});

test('a retired test names the lesson that retired it, from that lesson on', () => {
  const [retirement] = findLesson(lessons, 6).retires;
  assert.ok(retirement);
  assert.equal(retiredBy(lessons, findLesson(lessons, 5)).has(retirement.test), false);
  assert.equal(retiredBy(lessons, fix).get(retirement.test)?.label, '06');
});

/** What the folders say of the lessons, and what is said when they are asked for one that is not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findLesson, readLessons } from '../../../src/workshop/course/catalogue.ts';
import { reviewConditions } from '../../../src/workshop/course/conditions.ts';

const lessons = readLessons();

test('a lesson is found by its number, its condition and its folder', () => {
  for (const wanted of [3, '3', '03', 'lesson-03', '03-write']) {
    assert.equal(findLesson(lessons, wanted).slug, '03-write');
  }
});

test('what is no lesson’s name is answered with the list', () => {
  for (const wanted of ['', '0x3', '99', '-1', '1e0', 'write']) {
    assert.throws(() => findLesson(lessons, wanted), {
      name: 'RangeError',
      message: /^There is no lesson ".*"\. There are:\n {2}00 {2}The article as it reached us\n/,
    });
  }
});

test('every lesson has its condition in package.json', () => {
  assert.deepEqual(reviewConditions(false), []);
});

/** The lines of a lesson that is done, and of one that is red. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findLesson, type Lesson, readLessons } from '../../../src/workshop/course/catalogue.ts';
import type { Proof } from '../../../src/workshop/runner/proof.ts';
import { describeDone, describeRed } from '../../../src/workshop/runner/screen.ts';
import { openTerminal } from '../../../src/workshop/runner/terminal.ts';

const lessons = readLessons();
const terminal = { ...openTerminal(true), paint: (_: string, text: string) => text };

function doneOf(lesson: Lesson, condition = 'mine'): string {
  const proof: Proof = {
    ...{ lesson, condition, current: [], older: [], olderRan: true },
    ...{ attack: undefined, types: [], trouble: undefined },
  };
  return describeDone(proof, lessons, terminal, false).join('\n');
}

test('a lesson that is done leads to the next one, to the solution and to the extra exercise', () => {
  const third = findLesson(lessons, 3);
  const extra = { ...third, files: { ...third.files, extra: 'extra.test.ts' } };
  assert.match(doneOf(third), /^✔ 03 done .* next: npm run lesson 4\n {2}npm run diff compares/);
  assert.doesNotMatch(doneOf({ ...third, files: { ...third.files, extra: undefined } }), /extra/);
  assert.match(doneOf(extra), /npm run extra 3 tests one more exercise$/);
  assert.doesNotMatch(doneOf(extra, 'lesson-03'), /diff|extra/);
});

test('the last lesson sums the workshop up and leads to the last page', () => {
  const last = lessons.at(-1);
  assert.ok(last);
  const tested = lessons.filter(({ files }) => files.test).length;
  assert.match(
    doneOf(last),
    new RegExp(
      `that was the last lesson\\n[\\s\\S]*\\d+ of ${tested} lessons done .*hints?\\.\\n.*/finish/`,
    ),
  );
});

test('a red lesson sends the reader to a line only if a stack names it', () => {
  const lesson = findLesson(lessons, 3);
  const redAt = (isLastCall?: true): string => {
    const location = { file: '/w/sessions.ts', line: 40, method: 'Read', isLastCall };
    const red = { lesson: '03', name: 'a save is kept', passed: false, milliseconds: 1 };
    const failed: Proof['current'][number] = {
      ...red,
      ...{ reason: 'assertion', message: 'the row', location },
    };
    const proof: Proof = {
      ...{ lesson, condition: 'mine', current: [failed], older: [], olderRan: true },
      ...{ attack: undefined, types: [], trouble: undefined },
    };
    return describeRed(proof, terminal, false).join('\n');
  };
  assert.match(redAt(), /:40 Read\(\)\n {2}next: begin at that line,/);
  assert.match(redAt(true), /:40 Read\(\), called last\n {2}next: find where your class breaks/);
});

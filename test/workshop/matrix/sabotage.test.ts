/** A workshop is sabotaged, one promise at a time; the matrix must name the rule, file and test. */
import assert from 'node:assert/strict';
import { after, afterEach, beforeEach, test } from 'node:test';
import { findLesson } from '../../../src/workshop/course/catalogue.ts';
import { obtainServer } from '../../../src/workshop/machine/database/server.ts';
import type { Rule } from '../../../src/workshop/matrix/observed.ts';
import { type Matrix, runMatrix } from '../../../src/workshop/matrix/run.ts';
import { drawMatrix } from '../../../src/workshop/matrix/table.ts';
import { makeWorkshop, type Workshop } from './fixture.ts';

const server = await obtainServer();
after(() => server.close());

let workshop: Workshop;
beforeEach(() => {
  workshop = makeWorkshop();
});
afterEach(() => workshop.remove());

/** Runs the whole matrix, or what one lesson promises, or what one rule is about. */
async function judge(number?: number, rule?: Rule): Promise<Matrix> {
  const lessons = workshop.lessons();
  const only = number === undefined ? undefined : findLesson(lessons, number);
  return await runMatrix({ lessons, only, rule, server });
}

/** One rule's sentences on one lesson, or on all. */
async function sentences(rule: Rule, number?: number): Promise<string[]> {
  return sentencesOf(await judge(number, rule), rule);
}

function sentencesOf({ broken }: Matrix, rule: Rule): string[] {
  return broken.filter((each) => each.rule === rule).map(({ sentence }) => sentence);
}

test('an intact workshop keeps every promise', async () => {
  const matrix = await judge();
  assert.deepEqual(matrix.broken, []);
  const table = drawMatrix(workshop.lessons(), matrix).split('\n');
  assert.match(table[3] ?? '', /^ 02 +✔ +✔ +✘1 +1 of 1 caught +breached \/ held +✘1 of 1 on 03$/);
  assert.match(table[4] ?? '', /^ 03 +✔−1 +✔ +✔ .* ✘1 of 1 on 03$/);
  assert.match(table.at(-1) ?? '', /^✔ every cell as promised: \d+ tests and 3 attacks/);
});

test('a check of one rule runs only what that rule needs', async () => {
  workshop.edit('lessons/02-exact/attack.ts', "read('1abc')", "read('abc')");
  const { broken, observed } = await judge(2, 4);
  assert.deepEqual(broken, []);
  assert.deepEqual(
    observed.wrong.map(({ condition }) => condition),
    ['wrong-02-parse-int'],
  );
  assert.deepEqual([observed.classes, observed.undone, observed.attacks], [[], [], []]);
});

test('a class that fails its own test breaks rule 1', async () => {
  workshop.edit('lessons/02-exact/sessions.ts', "return '';", "return 'nothing';");
  assert.deepEqual(await sentences(1, 2), [
    `lessons/02-exact/sessions.test.ts: "only the exact id reads a session" fails on lessons/02-exact/sessions.ts: handler.read('1abc'): expected '', got 'nothing'`,
  ]);
});

test('a class that reaches a time limit once is named, and one that fails once is red', async () => {
  const file = 'lessons/02-exact/sessions.ts';
  const once = (folder: string): string =>
    `process.getBuiltinModule('fs').mkdirSync('${folder}', { recursive: true })`;
  workshop.edit(file, "return '';", `return ${once('wrong')} ? 'late' : '';`);
  assert.equal((await judge(2, 1)).broken.length, 1);
  const slow = `return ${once('slow')} ? await new Promise<string>(() => {}) :`;
  workshop.edit(file, `return ${once('wrong')}`, `${slow} ${once('wrong')}`);
  const matrix = await judge(2, 1);
  assert.deepEqual(matrix.broken, []);
  assert.match(
    drawMatrix(workshop.lessons(), matrix),
    /^! rule 1 {2}held only when its class ran alone: .*"only the exact id reads a session" fails.*: no result after .*\n✔ every cell/m,
  );
});

test('a retired test that stays green breaks rule 1', async () => {
  workshop.edit(
    'lessons/03-strict/sessions.ts',
    /throw new Error\('unknown session'\)/,
    "return ''",
  );
  const [sentence] = await sentences(1, 3);
  assert.match(
    sentence ?? '',
    /^lessons\/01-store\/sessions\.test\.ts: "an unknown id reads as an empty string" is retired by lesson 03 and still passes on lessons\/03-strict\/sessions\.ts/,
  );
});

test('an emptied assertion breaks rule 2', async () => {
  workshop.edit(
    'lessons/02-exact/sessions.test.ts',
    "assert.equal(await handler.read('1abc'), '')",
    'assert.ok(true)',
  );
  const matrix = await judge(2, 2);
  assert.deepEqual(sentencesOf(matrix, 2), [
    'lessons/02-exact/sessions.test.ts: "only the exact id reads a session" passes on lessons/01-store/sessions.ts already, so it proves nothing about lesson 02',
  ]);
  assert.match(drawMatrix(workshop.lessons(), matrix), /^ 01 +✔ +✔! /m);
});

test('an import error instead of an assertion breaks rule 2', async () => {
  workshop.edit('lessons/02-exact/sessions.test.ts', "'#bench';", "'#bench';\nimport './gone.ts';");
  const [sentence] = await sentences(2, 2);
  assert.match(
    sentence ?? '',
    /"only the exact id reads a session" did not run on lessons\/01-store\/sessions\.ts, so nothing is proved: .*gone\.ts/,
  );
});

test('a test that fails by an error of the test itself breaks rule 2', async () => {
  workshop.edit(
    'lessons/02-exact/sessions.test.ts',
    "assert.equal(await handler.read('1abc'), '')",
    "if ((await handler.read('1abc')) !== '') throw new TypeError('surprise')",
  );
  const [sentence] = await sentences(2, 2);
  assert.match(
    sentence ?? '',
    /must fail on .* by an assertion or NotPorted, and fails by error: surprise$/,
  );
});

test('a lesson that proves nothing breaks rule 3', async () => {
  workshop.edit('lessons/02-exact/lesson.json', /"proves":\[.*?\]/, '"proves":[]');
  assert.deepEqual(await sentences(3, 2), [
    'lessons/02-exact/lesson.json: "proves" is empty, so the lesson proves nothing',
  ]);
});

test('a name that two tests share breaks rule 3', async () => {
  workshop.edit(
    'lessons/02-exact/sessions.test.ts',
    'the exact id still reads',
    'a session can be read back',
  );
  assert.deepEqual(await sentences(3), [
    'lessons/02-exact/sessions.test.ts: "a session can be read back" is the name of a test in lessons/01-store/sessions.test.ts as well',
  ]);
});

test('a promise without a test breaks rule 3', async () => {
  workshop.edit(
    'lessons/02-exact/lesson.json',
    'only the exact id reads a session',
    'no such test',
  );
  assert.deepEqual(await sentences(3, 2), [
    'lessons/02-exact/lesson.json: "proves" names "no such test", and lessons/02-exact/sessions.test.ts has no such test',
  ]);
});

test('a wrong fix that passes breaks rule 4', async () => {
  workshop.edit(
    'lessons/02-exact/wrong/parse-int.patch',
    'sid = String(Number.parseInt(sid, 10));',
    "if (sid.length > 3) return '';",
  );
  const matrix = await judge(2);
  assert.deepEqual(sentencesOf(matrix, 4), [
    'lessons/02-exact/wrong/parse-int.patch is not caught: lessons/02-exact/sessions.test.ts: "only the exact id reads a session" passes on it',
  ]);
  assert.match(drawMatrix(workshop.lessons(), matrix), /0 of 1 caught!/);
});

test('a wrong fix caught by another test than the one it names breaks rule 4', async () => {
  workshop.edit(
    'lessons/02-exact/wrong/parse-int.patch',
    'sid = String',
    'return "gone"; sid = String',
  );
  const found = await sentences(4, 2);
  assert.match(
    found.join('\n'),
    /parse-int\.patch must fail "only the exact id reads a session" only, and also fails lessons\/01-store\/sessions\.test\.ts: "a session can be read back": .*expected 'one', got 'gone'/,
  );
});

test('a wrong fix may fail the tests that it names beside the one that catches it', async () => {
  workshop.edit(
    'lessons/02-exact/wrong/parse-int.patch',
    'sid = String',
    'return "gone"; sid = String',
  );
  workshop.edit(
    'lessons/02-exact/wrong/parse-int.patch',
    'session"\n',
    'session"\nmay fail: "a session can be read back"\n',
  );
  assert.doesNotMatch((await sentences(4, 2)).join('\n'), /a session can be read back/);
});

test('a patch that no longer applies breaks rule 4 and names the lesson', async () => {
  workshop.edit('lessons/02-exact/sessions.ts', '/^\\d+$/.test(sid)', '/^[0-9]+$/.test(sid)');
  assert.deepEqual(await sentences(4, 2), [
    'lessons/02-exact/wrong/parse-int.patch no longer applies to lessons/02-exact/sessions.ts; ' +
      'make the mistake in a copy of lessons/02-exact/sessions.ts and keep the difference: git ' +
      'diff --no-index lessons/02-exact/sessions.ts COPY > lessons/02-exact/wrong/parse-int.patch',
  ]);
});

test('an attack that no longer breaches breaks rule 5', async () => {
  workshop.edit('lessons/02-exact/attack.ts', "read('1abc')", "read('abc')");
  assert.deepEqual(await sentences(5, 2), [
    'lessons/02-exact/attack.ts must breach lesson-01, and does not: 1abc reads nothing',
  ]);
});

test('an attack that a later class does not hold breaks rule 5', async () => {
  workshop.edit('lessons/03-strict/sessions.ts', /if \(!.*test\(sid\)\).*/, '');
  assert.deepEqual(await sentences(5), [
    'lessons/02-exact/attack.ts must be held by lesson-03, and breaches it: 1abc reads session 1',
  ]);
});

test('a change whose loss goes unnoticed in the last class breaks rule 6', async () => {
  // The edited test checks nothing on a class that refuses unknown ids, as lesson 03's does.
  workshop.edit(
    'lessons/02-exact/sessions.test.ts',
    "assert.equal(await handler.read('1abc'), '')",
    "if ((await handler.read('404').catch(() => 'no')) === '') assert.equal(await handler.read('1abc'), '')",
  );
  const matrix = await judge(2);
  assert.deepEqual(
    matrix.broken.map(({ rule, sentence }) => `${rule}: ${sentence}`),
    [
      `6: lessons/02-exact/sessions.test.ts is green on lessons/03-strict/sessions.ts without lesson 02, so its loss would go unnoticed: strengthen a test, or name the lesson that keeps its promise now, with the reason, under "covers" in that lesson's lesson.json`,
    ],
  );
  assert.match(drawMatrix(workshop.lessons(), matrix), /✘0 of 1 on 03!/);
});

test('a lesson that a later one covers is taken back before that one', async () => {
  const covers = '"covers":[{"lesson":"02","why":"for a test"}],"needs"';
  workshop.edit('lessons/03-strict/lesson.json', '"needs"', covers);
  const { broken, observed } = await judge(2);
  assert.deepEqual(broken, []);
  const [undone] = observed.undone;
  assert.deepEqual([undone?.lesson, undone?.base], ['02', '02']);
  workshop.edit('lessons/03-strict/lesson.json', '"lesson":"02"', '"lesson":"2"');
  assert.deepEqual(await sentences(3, 2), [
    'lessons/03-strict/lesson.json: "covers" names "2", which is not an earlier lesson\'s number, such as "08"',
  ]);
});

test('a change that can no longer be taken back breaks rule 6, with the remedy', async () => {
  workshop.edit('lessons/03-strict/sessions.ts', '/^\\d+$/.test(sid)', '/^[0-9]+$/.test(sid)');
  const remedy =
    "take lesson 02's idea out of a copy of lessons/03-strict/sessions.ts and keep the difference: " +
    'git diff --no-index lessons/03-strict/sessions.ts COPY > lessons/02-exact/undo.patch';
  assert.deepEqual(await sentences(6, 2), [
    `lessons/02-exact/undo.patch no longer applies to lessons/03-strict/sessions.ts; ${remedy}`,
  ]);
  workshop.remove();
  workshop = makeWorkshop();
  workshop.write('lessons/02-exact/undo.patch', '');
  assert.deepEqual(await sentences(6, 2), [
    `lessons/02-exact/undo.patch changes nothing in lessons/03-strict/sessions.ts; ${remedy}`,
  ]);
});

test('a class that does not run without the change breaks rule 6', async () => {
  workshop.edit(
    'lessons/02-exact/undo.patch',
    '   static async Read',
    '+  not a class any more (\n   static async Read',
  );
  workshop.edit('lessons/02-exact/undo.patch', '+12,5', '+12,6');
  const [sentence] = await sentences(6, 2);
  assert.match(
    sentence ?? '',
    /^lessons\/03-strict\/sessions\.ts without lesson 02 must fail tests of that lesson only, and also fails lessons\/01-store\/sessions\.test\.ts/,
  );
});

test('an attack that breaks proves nothing either way', async () => {
  workshop.edit(
    'lessons/02-exact/attack.ts',
    "say('the cookie",
    "process.exit(0); say('the cookie",
  );
  const found = await sentences(5, 2);
  assert.equal(found.length, 2);
  assert.match(found[0] ?? '', /attack\.ts broke on lesson-01: process\.exit\(0\) was called/);
});

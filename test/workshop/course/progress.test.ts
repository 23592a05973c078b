/** The learner's progress, in a workshop whose folder lessons/mine is the test's own. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { after, beforeEach, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { root } from '../../../src/workshop/course/catalogue.ts';
import { stripTypes } from '../../../src/workshop/machine/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'phpsessid-progress-'));
after(() => rmSync(folder, { recursive: true }));
for (const name of ['package.json', 'src/workshop/course', 'lessons']) {
  cpSync(join(root, name), join(folder, name), {
    recursive: true,
    filter: (path) => !['mine', 'made'].includes(basename(path)),
  });
}
symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');

/** The modules of the copy, which know its folder as theirs. */
type Course = typeof import('../../../src/workshop/course/progress.ts') &
  typeof import('../../../src/workshop/course/mine.ts') &
  typeof import('../../../src/workshop/course/catalogue.ts');
const modules = ['catalogue', 'mine', 'progress'].map(
  (name) => pathToFileURL(join(folder, `src/workshop/course/${name}.ts`)).href,
);
const course = Object.assign(
  {},
  ...(await Promise.all(modules.map((url) => import(url)))),
) as Course;
const lessons = course.readLessons();
const [third, fourth] = [3, 4].map((number) => course.findLesson(lessons, number));
assert.ok(third && fourth);

const note = join(dirname(course.minePath), 'state.json');
const green = { passed: 3, total: 3 };

/** Saves a class as the learner, and returns its hash. */
function save(text: string): string {
  writeFileSync(course.minePath, text);
  return course.hashOfMine() ?? '';
}

const stateOf = (lesson: { label: string }) =>
  course.progress(lessons).find((each) => each.lesson.label === lesson.label)?.state;

/** Records that a lesson was done on the class as it is now. */
function finish(lesson: typeof third): void {
  course.recordVerdict(lesson as never, {
    hash: course.hashOfMine() ?? '',
    own: green,
    older: green,
    attack: 'held',
    typeErrors: 0,
  });
}

beforeEach(() => {
  rmSync(dirname(course.minePath), { recursive: true, force: true });
  course.replaceMine(course.findLesson(lessons, 2), third);
  save('// the learner’s own');
});

test('a lesson is done when its tests, the older ones and the attack agree on one text', () => {
  const hash = course.hashOfMine() ?? '';
  assert.equal(stateOf(third), 'open');
  course.recordVerdict(third, { hash, own: green });
  course.recordVerdict(third, { hash, older: green });
  assert.equal(stateOf(third), 'open', 'the attack was not run');
  course.recordVerdict(third, { hash, attack: 'held' });
  assert.equal(stateOf(third), 'open', 'the types were not checked');
  course.recordVerdict(third, { hash, typeErrors: 0 });
  assert.equal(stateOf(third), 'done');
  const [entry] = course.progress(lessons).filter(({ lesson }) => lesson === third);
  assert.deepEqual(entry?.verdict, {
    ...{ hash, own: green, older: green },
    ...{ attack: 'held', typeErrors: 0 },
  });
  assert.ok(Date.now() - Date.parse(entry?.reached ?? '') < 10_000);
});

test('results of different versions of the class do not count together', () => {
  const first = course.hashOfMine() ?? '';
  course.recordVerdict(third, { hash: first, own: green, older: green, typeErrors: 0 });
  course.recordVerdict(third, { hash: save('// another'), attack: 'held' });
  assert.equal(stateOf(third), 'open');
});

test('one red test, one red older test, a breach or a type error leaves a lesson open', () => {
  for (const fact of [
    { own: { passed: 2, total: 3 } },
    { older: { passed: 2, total: 3 } },
    { attack: 'breached' as const },
    { attack: 'failed' as const },
    { typeErrors: 1 },
  ]) {
    const hash = save(`// ${JSON.stringify(fact)}`);
    const done = { own: green, older: green, attack: 'held' as const, typeErrors: 0 };
    course.recordVerdict(third, { hash, ...done, ...fact });
    assert.equal(stateOf(third), 'open', JSON.stringify(fact));
  }
});

test('a lesson without an attack is done without one', () => {
  const fifth = course.findLesson(lessons, 5);
  assert.equal(fifth.files.attack, undefined);
  const hash = course.hashOfMine() ?? '';
  course.recordVerdict(fifth, { hash, own: green, older: green, typeErrors: 0 });
  assert.equal(stateOf(fifth), 'done');
});

test('a change of the class leaves a lesson done earlier, until the class is run again', () => {
  finish(third);
  save('// changed since');
  assert.equal(stateOf(third), 'earlier');
  finish(third);
  assert.equal(stateOf(third), 'done');
  save('// the learner’s own');
  assert.equal(stateOf(third), 'earlier', 'also for a text that was done before the last one');
});

test('a red run leaves a lesson done earlier', () => {
  finish(third);
  course.recordVerdict(third, { hash: course.hashOfMine() ?? '', own: { passed: 0, total: 3 } });
  assert.equal(stateOf(third), 'earlier');
  finish(fourth);
  assert.equal(stateOf(third), 'earlier', 'although a later lesson is done on the same text');
});

test('a later lesson that is done confirms the earlier ones, and only those that were done', () => {
  finish(third);
  save('// lesson 4');
  finish(fourth);
  assert.deepEqual(
    [1, 3, 4, 5].map((number) => stateOf(course.findLesson(lessons, number))),
    ['open', 'done', 'done', 'open'],
  );
});

test('a run of a text that was replaced meanwhile is not recorded', () => {
  const hash = course.hashOfMine() ?? '';
  save('// saved during the run');
  course.recordVerdict(third, {
    ...{ hash, own: green, older: green },
    ...{ attack: 'held', typeErrors: 0 },
  });
  assert.equal(stateOf(third), 'open');
});

test('a class that the workshop wrote is not the learner’s work', () => {
  course.replaceMine(third, fourth);
  finish(third);
  assert.equal(stateOf(third), 'open');
  save(`${readFileSync(course.minePath, 'utf8')}\n// and a change`);
  finish(third);
  assert.equal(stateOf(third), 'done');
});

test('a reset deletes the verdict and keeps the hints', () => {
  course.recordHints(third, 2);
  finish(third);
  course.deleteVerdicts(third);
  assert.equal(stateOf(third), 'open');
  assert.equal(course.hintsUsed(third), 2);
});

test('a lesson without tests is a page', () => {
  assert.equal(stateOf(course.findLesson(lessons, 0)), 'page');
});

test('a damaged note, or one of another version, costs only what is unreadable', () => {
  finish(third);
  const whole = JSON.parse(readFileSync(note, 'utf8'));
  for (const damage of [
    '',
    '{',
    'null',
    '[]',
    '"x"',
    '{"lessons":3}',
    '{"lessons":{"03-write":null}}',
  ]) {
    writeFileSync(note, damage);
    assert.equal(stateOf(third), 'open', damage);
    assert.equal(course.hintsUsed(third), 0, damage);
  }
  const odd = { '03-write': { ...whole.lessons['03-write'], hints: -4 }, '99-gone': { hints: 1 } };
  writeFileSync(note, JSON.stringify({ version: 7, lesson: 'x', lessons: odd }));
  assert.equal(stateOf(third), 'done');
  assert.equal(course.hintsUsed(third), 0);
  const verdict = { ...odd['03-write'].verdict, own: { passed: 4, total: 3 } };
  writeFileSync(note, JSON.stringify({ lessons: { '03-write': { ...odd['03-write'], verdict } } }));
  assert.equal(stateOf(third), 'earlier');
  course.recordHints(fourth, 1);
  assert.equal(course.hintsUsed(fourth), 1, 'the note is written again');
});

test('two processes that change the note at once lose nothing, also after a third was killed', async () => {
  writeFileSync(`${note}.lock`, '');
  utimesSync(`${note}.lock`, 0, 0);
  const change = `
    const { recordPrediction } = await import(${JSON.stringify(modules[2])});
    process.stdout.write('ready');
    process.stdin.once('data', () => {
      const [, slug, name] = process.argv;
      for (let turn = 1; turn <= 50; turn += 1) recordPrediction({ slug }, name + turn, 'held');
      process.exit();
    });`;
  const writers = ['one', 'other'].map((name) => {
    const values = ['--input-type=module', '-e', change, third.slug, name];
    const stdio = ['pipe', 'pipe', 'inherit'] as const;
    return spawn(process.execPath, [...stripTypes, ...values], { stdio: [...stdio] });
  });
  await Promise.all(writers.map(({ stdout }) => once(stdout as Readable, 'data')));
  const ends = writers.map((child) => once(child, 'exit'));
  for (const { stdin } of writers) stdin?.write('go');
  for (const [code] of await Promise.all(ends)) assert.equal(code, 0);
  const { lessons: entries } = JSON.parse(readFileSync(note, 'utf8'));
  assert.equal(Object.keys(entries[third.slug].predictions).length, 100);
});

test('the note is replaced in one step and leaves no other file', () => {
  finish(third);
  assert.deepEqual(readdirSync(dirname(course.minePath)).sort(), [
    'sessions.ts',
    'state.json',
    'tsconfig.json',
  ]);
});

test('a note that cannot be written is reported and does not throw', () => {
  rmSync(note);
  cpSync(join(folder, 'lessons/03-write'), note, { recursive: true });
  assert.match(course.recordHints(third, 1) ?? '', /^Could not write lessons\/mine\/state\.json: /);
});

test('a lesson has begun once the class has changed since its start', () => {
  save('a class that finished lesson 3');
  course.beginLesson(fourth);
  assert.equal(course.hasBegun(fourth), false);
  assert.equal(course.hasBegun(third), true);
  save('a class of lesson 4');
  assert.equal(course.hasBegun(fourth), true);
  course.beginLesson(third);
  assert.equal(course.hasBegun(fourth), false, 'a later lesson');
  course.beginLesson(fourth);
  assert.equal(course.hasBegun(fourth), true, 'after a look at an earlier lesson');
});

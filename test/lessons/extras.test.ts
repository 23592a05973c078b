/** The tests of the exercises without a solution: each is red before, and can be made green. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runTestsOfClasses, type TestResult } from '../../src/workshop/bench/tests.ts';
import type { Lesson } from '../../src/workshop/course/catalogue.ts';
import { applyTo } from '../../src/workshop/course/patches.mjs';
import { makeWorkshop, type TemporaryWorkshop } from '../../src/workshop/course/temporary.ts';
import { type DatabaseServer, obtainServer } from '../../src/workshop/machine/database/server.ts';
import { lessons } from './classes.ts';

const extraOf = (directory: string): string => join(directory, 'extra.test.ts');
const withExtra = lessons.filter(({ directory }) => existsSync(extraOf(directory)));

const states = ['before', 'solved'] as const;
type State = (typeof states)[number];

let server: DatabaseServer;
let workshop: TemporaryWorkshop;
const results = new Map<string, TestResult[]>();

const resultsOf = (state: State, label: string): TestResult[] =>
  results.get(`${state}-${label}`) ?? [];

/** In a process of several files, a hook at the top of one runs for the tests of the next as well. */
const [withHooks, withoutHooks] = [true, false].map((wanted) =>
  withExtra.filter(
    ({ directory }) =>
      /^(before|after)Each\(/m.test(readFileSync(extraOf(directory), 'utf8')) === wanted,
  ),
) as [Lesson[], Lesson[]];

/** Runs the extra tests on all classes of one state: a process for each class would cost six times as much. */
async function run(state: State): Promise<void> {
  for (const together of [withoutHooks, ...withHooks.map((lesson) => [lesson])]) {
    const classes = together.map(({ label, number }) => ({
      file: workshop.fileOf(`${state}-${label}`),
      lessons: workshop.lessons.filter((lesson) => lesson.label === label),
      lessonNumber: number,
    }));
    const all = await runTestsOfClasses(classes, { server });
    for (const [at, { label }] of together.entries()) {
      results.set(`${state}-${label}`, all[at] ?? []);
    }
  }
}

before(async () => {
  server = await obtainServer();
  const classes = new Map<string, string>();
  for (const { label, directory, files } of withExtra) {
    classes.set(`before-${label}`, readFileSync(files.class, 'utf8'));
    const solved = applyTo(files.class, join(directory, 'extra.patch'), 'solve the exercise in');
    if ('problem' in solved) throw new Error(solved.problem);
    classes.set(`solved-${label}`, solved.text);
  }
  const extras = lessons.map((lesson) => {
    const test = withExtra.includes(lesson) ? extraOf(lesson.directory) : undefined;
    return { ...lesson, files: { ...lesson.files, test } };
  });
  workshop = makeWorkshop(extras, classes);
  await Promise.all(states.map(run));
});
after(async () => {
  workshop?.remove();
  await server?.close();
});

for (const { label, number, title, files } of withExtra) {
  test(`the extra tests of lesson ${label} are red on its class, and a solution makes them green: ${title}`, async () => {
    const page = readFileSync(files.readme, 'utf8');
    assert.ok(page.includes(`\`npm run extra ${number}\``), 'the page does not name the command');
    const red = resultsOf('before', label).filter(({ passed }) => !passed);
    assert.ok(red.length > 0, 'the class has solved it already');
    for (const { name, reason, message } of red) assert.equal(reason, 'assertion', name + message);
    const solved = resultsOf('solved', label);
    assert.ok(solved.length > 1);
    for (const { name, passed, message } of solved) assert.ok(passed, `${name}: ${message}`);
  });
}

/** The tests of the exercises without a solution: each is red before, and can be made green. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runTests } from '../../src/workshop/bench/tests.ts';
import { applyTo } from '../../src/workshop/course/patches.mjs';
import { makeWorkshop, type TemporaryWorkshop } from '../../src/workshop/course/temporary.ts';
import { type DatabaseServer, obtainServer } from '../../src/workshop/machine/database/server.ts';
import { lessons } from './classes.ts';

const extraOf = (directory: string): string => join(directory, 'extra.test.ts');
const withExtra = lessons.filter(({ directory }) => existsSync(extraOf(directory)));

let server: DatabaseServer;
let workshop: TemporaryWorkshop;
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
});
after(async () => {
  workshop?.remove();
  await server?.close();
});

for (const { label, number, title } of withExtra) {
  const run = (state: string) =>
    runTests({
      lessons: workshop.lessons.filter((lesson) => lesson.label === label),
      condition: `${state}-${label}`,
      lessonNumber: number,
      server,
    });

  test(`the extra tests of lesson ${label} are red on its class, and a solution makes them green: ${title}`, async () => {
    const red = (await run('before')).filter(({ passed }) => !passed);
    assert.ok(red.length > 0, 'the class has solved it already');
    for (const { name, reason, message } of red) assert.equal(reason, 'assertion', name + message);
    const solved = await run('solved');
    assert.ok(solved.length > 1);
    for (const { name, passed, message } of solved) assert.ok(passed, `${name}: ${message}`);
  });
}

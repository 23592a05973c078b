/** `npm run lesson` without a terminal, and the verdicts that it records. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { closeWorkshops, openWorkshop, testsOf } from './workshop.ts';

after(closeWorkshops);

const workshop = await openWorkshop();
const { run } = workshop;
test('a lesson checked once on a class that lacks it exits with 1', async () => {
  const { code, output } = await run('lesson', '3', '--once', '--class', 'lesson-02', '--json');
  assert.equal(code, 1);
  const answer = JSON.parse(output);
  assert.equal(answer.done, false);
  assert.equal(answer.class, 'lesson-02');
  assert.equal(answer.tests.length, testsOf(3));
  assert.equal(answer.tests[0].reason, 'not ported');
  assert.equal(answer.tests[0].location.file, 'lessons/02-read/sessions.ts');
  assert.ok(answer.older.every((result: { passed: boolean }) => result.passed));
});

test('a lesson checked once on its own class exits with 0', async () => {
  const { code, output } = await run('lesson', '3', '--once', '--class', 'lesson-03', '--json');
  assert.equal(code, 0, output);
  const answer = JSON.parse(output);
  assert.equal(answer.done, true);
  assert.equal(answer.attack.verdict, 'held');
  const mine = (): string => workshop.read('lessons/mine/sessions.ts');
  assert.throws(mine, /ENOENT/, 'a check of another class leaves the learner’s folder alone');
});

test('a lesson without a terminal begins, checks once and ends', async () => {
  const fresh = await openWorkshop();
  const { code, output } = await fresh.run('lesson', '3');
  assert.equal(code, 1);
  assert.match(output, /sessions\.ts is new: a copy of lesson 02's class/);
  assert.match(output, /Write `Write`\./);
  assert.match(output, /open {2}lessons\/mine\/sessions\.ts:\d+/);
  assert.match(output, /checking lesson 03 on mine …[\s\S]*✘ 03 a new session can be read back/);
  assert.match(output, /next: write the method/);
  assert.match(output, new RegExp(`lessons 01–02 ✔ ${testsOf(1, 2)} tests`));
  assert.ok(!output.includes('\u001b'), 'no colour without a terminal');
  assert.equal(fresh.read('lessons/mine/sessions.ts'), fresh.classOf('02'));
});

test('a missing program is named with its remedy, and not held against the class', async () => {
  const fresh = await openWorkshop();
  // Neither is usable: memcached does not start, and apt-get has no network.
  const offline = `cd lessons && mkdir -p mine/off && cd mine/off &&
    for program in memcached apt-get; do
      printf '#!/bin/sh\\necho E: no network >&2\\nexit 100\\n' >$program; chmod +x $program
    done
    export PATH="$PWD:$PATH" PHPSESSID_CACHE="$PWD/cache"; cd ../../..; exec "$@"`;
  const lesson = ['lesson', '20', '--once', '--class', 'lesson-20'];
  const { code, output } = await fresh.runUnder(offline, ...lesson);
  assert.equal(code, 1);
  assert.match(output, /✘ 20 the tests cannot run: a program is missing\n.*No memcached \(/);
  assert.match(output, /next: install it, or connect to the network, and try again/);
  assert.doesNotMatch(output, /cannot be loaded|does not keep/);
});

test('red tests of older lessons are named, and a place in a test is not', async () => {
  const fresh = await openWorkshop();
  fresh.write(
    'lessons/mine/sessions.ts',
    fresh.classOf('03').replace(/(static async Write\(.*\n)/, '$1    return false;\n'),
  );
  const { output } = await fresh.run('lesson', '3', '--once');
  assert.match(output, /^lessons 01–02 ✘ \d of \d+ tests red, perhaps from the same mistake$/m);
  assert.match(output, /^ {2}02 a known id reads the exact bytes that were stored$/m);
  assert.match(output, /^ {2}02 each id reads its own session$/m);
  const test = 'lessons/02-read/sessions.test.ts';
  fresh.write(
    test,
    fresh
      .read(test)
      .replace("('an unknown", "('impossible', () => assert.equal(1, 2));\ntest('an unknown"),
  );
  fresh.write('lessons/mine/sessions.ts', `// mine\n${fresh.classOf('02')}`);
  const mine = await fresh.run('lesson', '2', '--once');
  const kept = fresh.read('lessons/mine/sessions.ts');
  assert.equal(kept, `// mine\n${fresh.classOf('02')}`, 'beginning a lesson overwrites no class');
  assert.match(
    mine.output,
    /^✘ 02 impossible\n {2}1\n {2}expected 2\n {2}got {6}1\n {2}next: find where/m,
  );
  assert.doesNotMatch(mine.output, /test\.ts/);
});

test('the list marks lessons that are done, and those done before the class changed', async () => {
  const fresh = await openWorkshop();
  await fresh.run('catch-up', '3');
  fresh.write('lessons/mine/sessions.ts', `${fresh.classOf('03')}// my own\n`);
  const { code, output } = await fresh.run('lesson', '3', '--once');
  assert.equal(code, 0, output);
  const done = await fresh.run('lesson', '--list');
  assert.equal(done.output.match(/✔/g)?.length, 1, 'lessons that were skipped are not done');
  assert.match(done.output, /^→ ✔ 03 {2}Write +20 min {2}easy +done$/m);
  fresh.write('lessons/mine/sessions.ts', fresh.classOf('03'));
  const changed = await fresh.run('lesson', '--list');
  assert.match(changed.output, /✔ 03 .* done earlier$/m);
  assert.match(changed.output, /^earlier: your class has changed since/m);
  fresh.write('lessons/mine/sessions.ts', `${fresh.classOf('03')}// changed\n`);
  for (const command of ['check', 'attack 1', 'attack 2', 'attack 3']) {
    const { code: ended, output: text } = await fresh.run(...command.split(' '));
    assert.equal(ended, 0, text);
  }
  const checked = await fresh.run('lesson', '--list');
  assert.equal(checked.output.match(/✔.* done$/gm)?.length, 3, checked.output);
  await fresh.run('reset', '3');
  const reset = JSON.parse((await fresh.run('lesson', '--list', '--json')).output);
  assert.equal(reset.lessons[3].state, 'open');
});

test('a retired test no longer counts', async () => {
  const fresh = await openWorkshop();
  const name = 'an unknown id reads as an empty string';
  const path = 'lessons/03-write/lesson.json';
  const wanted = { ...JSON.parse(fresh.read(path)), retires: [{ test: name, why: 'for a test' }] };
  fresh.write(path, JSON.stringify(wanted));
  const wrong = fresh
    .classOf('03')
    .replace(/(static async Read\(.*\n)/, "$1    if (sid === '404') return 'x';\n");
  fresh.write('lessons/mine/sessions.ts', wrong);
  const later = await fresh.run('check', '3');
  assert.equal(later.code, 0, later.output);
  assert.match(later.output, new RegExp(`✔ 02 Read +${testsOf(2) - 1} of ${testsOf(2) - 1} tests`));
  const before = await fresh.run('check', '2');
  assert.equal(before.code, 1, 'lesson 02 itself still promises it');
});

test('a promised test that does not exist leaves the lesson red', async () => {
  const fresh = await openWorkshop();
  const path = 'lessons/03-write/lesson.json';
  const wanted = JSON.parse(fresh.read(path));
  fresh.write(path, JSON.stringify({ ...wanted, proves: [...wanted.proves, 'pigs fly'] }));
  const { code, output } = await fresh.run('lesson', '3', '--once', '--class', 'lesson-03');
  assert.equal(code, 1);
  assert.match(output, /✘ 03 did not run: pigs fly/);
  const check = await fresh.run('check', '3', '--class', 'lesson-03');
  assert.equal(check.code, 1);
  assert.match(check.output, new RegExp(`✘ 03 Write +${testsOf(3)} of ${testsOf(3) + 1} tests`));
});

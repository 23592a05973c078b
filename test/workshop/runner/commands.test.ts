import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { readLessons } from '../../../src/workshop/course/catalogue.ts';
import { closeWorkshops, openWorkshop } from './workshop.ts';

after(closeWorkshops);

const workshop = await openWorkshop();
const { run } = workshop;

test('a lesson checked once on a class that lacks it exits with 1', async () => {
  const { code, output } = await run('lesson', '3', '--once', '--class', 'lesson-02', '--json');
  assert.equal(code, 1);
  const answer = JSON.parse(output);
  assert.equal(answer.done, false);
  assert.equal(answer.class, 'lesson-02');
  assert.equal(answer.tests.length, 3);
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
});

test('a check of another class leaves the learner’s folder alone', async () => {
  const fresh = await openWorkshop();
  await fresh.run('lesson', '2', '--once', '--class', 'lesson-02');
  assert.throws(() => fresh.read('lessons/mine/sessions.ts'), /ENOENT/);
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
  assert.match(output, /lessons 01–02 ✔ 6 tests/);
  assert.ok(!output.includes('\u001b'), 'no colour without a terminal');
  assert.equal(fresh.read('lessons/mine/sessions.ts'), fresh.classOf('02'));
});

test('an existing class is never overwritten by beginning a lesson', async () => {
  const fresh = await openWorkshop();
  fresh.write('lessons/mine/sessions.ts', workshop.classOf('01'));
  await fresh.run('lesson', '4');
  assert.equal(fresh.read('lessons/mine/sessions.ts'), workshop.classOf('01'));
});

test('an unknown lesson is refused with the list', async () => {
  const { code, errors } = await run('lesson', '99');
  assert.equal(code, 2);
  assert.match(errors, /There is no lesson "99"/);
  assert.match(errors, /05 {2}A request around it/);
});

test('a word that is not a lesson is named', async () => {
  for (const word of ['', 'x', '3.5', '0x3', '-0', ' 3']) {
    const { code, errors } = await run('lesson', '--', word);
    assert.equal(code, 2, `"${word}"`);
    assert.match(errors, /There is no lesson/, `"${word}"`);
  }
});

test('a superfluous word, an unknown option and an unknown class are named', async () => {
  const word = await run('lesson', '3', 'four');
  assert.equal(word.code, 2);
  assert.match(word.errors, /"four"/);
  const option = await run('check', '--fast');
  assert.equal(option.code, 2);
  assert.match(option.errors, /'--fast'/);
  const other = await run('lesson', '3', '--once', '--class', 'lesson-77');
  assert.equal(other.code, 2);
  assert.match(other.errors, /no class "lesson-77"[\s\S]*lesson-03/);
});

test('an error under --json is JSON as well', async () => {
  const { code, output } = await run('lesson', '99', '--json');
  assert.equal(code, 2);
  assert.match(JSON.parse(output).error, /There is no lesson "99"/);
});

test('every command explains itself', async () => {
  for (const name of ['lesson', 'hint', 'diff', 'attack', 'check', 'wrong', 'catch-up', 'reset']) {
    const { code, output } = await run(name, '--help');
    assert.equal(code, 0, name);
    assert.match(output, /npm run/, name);
    assert.match(output, /--json/, name);
  }
});

test('the list marks lessons that are done, and those done before the class changed', async () => {
  const fresh = await openWorkshop();
  const listed = async (): Promise<Map<string, string>> => {
    const { output } = await fresh.run('lesson', '--list', '--json');
    const { lessons } = JSON.parse(output) as { lessons: { label: string; state: string }[] };
    return new Map(lessons.map(({ label, state }) => [label, state]));
  };
  await fresh.run('catch-up', '4');
  await fresh.run('lesson', '3', '--once');
  assert.equal((await listed()).get('03'), 'open', 'a lesson that was skipped is not done');
  fresh.write('lessons/mine/sessions.ts', `${fresh.classOf('03')}// my own\n`);
  const { code, output } = await fresh.run('lesson', '3', '--once');
  assert.equal(code, 0, output);
  assert.deepEqual(
    [...(await listed())].filter(([, state]) => state === 'done'),
    [['03', 'done']],
  );
  const done = await fresh.run('lesson', '--list');
  assert.match(done.output, /^→ ✔ 03 {2}Write +20 min {2}easy +done$/m);
  fresh.write('lessons/mine/sessions.ts', fresh.classOf('03'));
  const changed = await fresh.run('lesson', '--list');
  assert.match(changed.output, /✔ 03 .* done earlier$/m);
  assert.match(changed.output, /^earlier: your class has changed since/m);
  await fresh.run('reset', '3');
  assert.equal((await listed()).get('03'), 'open');
});

test('hints come one at a time and earlier ones stay', async () => {
  const fresh = await openWorkshop();
  const first = await fresh.run('hint', '3');
  assert.match(first.output, /1\. Two cases/);
  assert.match(first.output, /hint 1 of 5/);
  const second = await fresh.run('hint', '3');
  assert.match(second.output, /1\. Two cases[\s\S]*2\. The shape of INSERT/);
  const all = JSON.parse((await fresh.run('hint', '3', '--all', '--json')).output);
  assert.equal(all.hints.length, 5);
  const after = await fresh.run('hint', '3');
  assert.match(after.output, /hint 5 of 5 · that was the last/);
});

test('an invalid note is ignored', async () => {
  const fresh = await openWorkshop();
  for (const note of ['{', '[]', '{"lesson":99,"lessons":{"03-write":-4}}', 'null']) {
    fresh.write('lessons/mine/state.json', note);
    const { code, output } = await fresh.run('hint', '--json');
    assert.equal(code, 0, note);
    assert.equal(JSON.parse(output).lesson, '01', note);
  }
});

test('diff with a number shows the step of the lesson', async () => {
  const { code, output } = await run('diff', '3');
  assert.equal(code, 0);
  assert.match(
    output,
    /^--- lessons\/02-read\/sessions\.ts\n\+\+\+ lessons\/03-write\/sessions\.ts\n@@/,
  );
  assert.match(output, /^\+ {2}static async Write/m);
});

test('diff without a number goes from the learner’s class to the lesson’s', async () => {
  const fresh = await openWorkshop();
  const none = await fresh.run('diff');
  assert.equal(none.code, 2);
  assert.match(none.errors, /You have no class yet/);
  await fresh.run('catch-up', '2');
  const { output } = await fresh.run('diff');
  assert.match(output, /^--- lessons\/mine\/sessions\.ts\n\+\+\+ lessons\/02-read\/sessions\.ts/);
  const same = JSON.parse((await fresh.run('diff', '--to', 'lesson-01', '--json')).output);
  assert.equal(same.same, true);
});

test('an attack breaches the line of the article and is held by the lesson', async () => {
  const breached = await run('attack', '3', '--on', 'wrong-03-article-insert');
  assert.equal(breached.code, 1, breached.errors);
  assert.match(breached.output, / {2}1 {2}the visitor puts item 1[\s\S]*✘ BREACHED: /);
  const held = await run('attack', '3', '--class', 'lesson-03', '--json');
  assert.equal(held.code, 0, held.errors);
  assert.equal(JSON.parse(held.output).verdict, 'held');
});

test('check prints a line for each lesson and one failure', async () => {
  const fresh = await openWorkshop();
  await fresh.run('catch-up', '3');
  const { code, output } = await fresh.run('check', '4');
  assert.equal(code, 1);
  assert.match(
    output,
    /✔ 01 Open and close +3 of 3 tests\n✔ 02 Read +3 of 3 tests\n✘ 03 Write +0 of 3/,
  );
  assert.equal(output.match(/not ported/g)?.length, 1);
  assert.match(output, /next: npm run lesson 3/);
});

test('check --all runs every lesson on a class', async () => {
  const lessons = readLessons().filter((lesson) => lesson.files.test);
  const { code, output } = await run(
    'check',
    '--all',
    '--class',
    lessons.at(-1)?.condition ?? '',
    '--json',
  );
  assert.equal(code, 0, output);
  const answer = JSON.parse(output);
  assert.equal(answer.lessons.length, lessons.length);
  assert.equal(answer.green, true);
});

test('catch-up and reset keep what was there', async () => {
  const fresh = await openWorkshop();
  fresh.write('lessons/mine/sessions.ts', '// my own work\n');
  const caught = await fresh.run('catch-up', '4');
  assert.equal(caught.code, 0);
  assert.equal(fresh.read('lessons/mine/sessions.ts'), fresh.classOf('03'));
  const [kept = ''] = fresh.history();
  assert.equal(fresh.read(`lessons/mine/history/${kept}`), '// my own work\n');
  assert.match(caught.output, new RegExp(`kept +lessons/mine/history/${kept}`));
  fresh.write('lessons/mine/sessions.ts', '// second thoughts\n');
  const again = await fresh.run('reset');
  assert.equal(again.code, 0);
  assert.equal(fresh.read('lessons/mine/sessions.ts'), fresh.classOf('03'), 'lesson 4 again');
  assert.equal(fresh.history().length, 2);
});

test('catch-up needs a lesson', async () => {
  const { code, errors } = await run('catch-up');
  assert.equal(code, 2);
  assert.match(errors, /npm run catch-up 4/);
});

test('without a place for the copy nothing is overwritten', async () => {
  const fresh = await openWorkshop();
  fresh.write('lessons/mine/sessions.ts', '// my own work\n');
  fresh.write('lessons/mine/history', 'a file in the place of the folder');
  const { code, errors } = await fresh.run('catch-up', '4');
  assert.equal(code, 1);
  assert.match(errors, /Could not keep a copy in lessons\/mine\/history: a file is in the place/);
  assert.equal(fresh.read('lessons/mine/sessions.ts'), '// my own work\n');
});

test('a full disk is reported, and nothing is lost', async () => {
  const fresh = await openWorkshop();
  fresh.write('lessons/mine/sessions.ts', '// my own work\n');
  const { code, errors } = await fresh.runUnder(
    'trap \'\' XFSZ; ulimit -f 0; exec "$@"',
    'catch-up',
    '4',
  );
  assert.equal(code, 1);
  assert.match(errors, /Could not keep a copy .*\(EFBIG\)\. Your class is as it was\./);
  assert.equal(fresh.read('lessons/mine/sessions.ts'), '// my own work\n');
  assert.deepEqual(fresh.history(), [], 'no half copy');
});

test('a retired test no longer counts', async () => {
  const fresh = await openWorkshop();
  const name = 'an unknown id reads as an empty string';
  const path = 'lessons/03-write/lesson.json';
  const wanted = { ...JSON.parse(fresh.read(path)), retires: [{ test: name, why: 'for a test' }] };
  fresh.write(path, JSON.stringify(wanted));
  fresh.write('lessons/mine/sessions.ts', fresh.classOf('03').replace("?? ''", "?? 'x'"));
  const later = await fresh.run('check', '3');
  assert.equal(later.code, 0, later.output);
  assert.match(later.output, /✔ 02 Read +2 of 2 tests/);
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
  assert.match(check.output, /✘ 03 Write +3 of 4 tests/);
});

test('wrong lists a lesson’s wrong fixes and opens one as a file', async () => {
  const list = await run('wrong', '3');
  assert.equal(list.code, 0, list.errors);
  assert.match(list.output, / {2}saves-a-write +Nothing changed, so nothing is written\./);
  const { output } = await run('wrong', '3', 'saves-a-write');
  assert.match(output, /^caught by: "writing the same data again keeps the session young"\n/);
  assert.match(output, /^\+ +sql = 'UPDATE sessions SET d=\?,updated=\? WHERE id=\? AND d<>\?';$/m);
  const [, path = '', line = ''] = /^open {2}(.+):(\d+)$/m.exec(output) ?? [];
  const made = workshop.read(path).split('\n');
  assert.equal(
    made[0],
    '// Made from lessons/03-write/wrong/saves-a-write.patch: edit the patch, not this file.',
  );
  assert.match(made[Number(line) - 1] ?? '', /AND d<>\?/);
});

test('a wrong fix that does not exist or cannot be made is refused by name', async () => {
  const fresh = await openWorkshop();
  const unknown = await fresh.run('wrong', '3', 'saves');
  assert.equal(unknown.code, 2);
  assert.match(unknown.errors, /Lesson 03 has no wrong fix "saves"[\s\S]* {2}saves-a-write/);
  const none = await fresh.run('wrong', '0');
  assert.equal(none.code, 2);
  assert.match(none.errors, /Lesson 00 has no wrong fixes; these lessons have some: 01, 02/);
  fresh.write('lessons/02-read/sessions.ts', fresh.classOf('01'));
  const broken = await fresh.run('wrong', '2', 'null');
  assert.equal(broken.code, 1);
  assert.match(
    broken.errors,
    /^lessons\/02-read\/wrong\/null\.patch no longer applies to lessons\/02-read\/sessions\.ts; /m,
  );
  assert.throws(() => fresh.read('lessons/02-read/made/null.ts'), /ENOENT/);
});

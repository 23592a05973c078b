/** The other commands, and the errors of their command lines. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, test } from 'node:test';
import { readLessons } from '../../../src/workshop/course/catalogue.ts';
import { attack } from '../../../src/workshop/runner/commands/attack.ts';
import { check } from '../../../src/workshop/runner/commands/check.ts';
import { diff } from '../../../src/workshop/runner/commands/diff.ts';
import { extra } from '../../../src/workshop/runner/commands/extra.ts';
import { hint } from '../../../src/workshop/runner/commands/hint.ts';
import { lesson } from '../../../src/workshop/runner/commands/lesson.ts';
import { catchUp, reset } from '../../../src/workshop/runner/commands/replace.ts';
import { wrong } from '../../../src/workshop/runner/commands/wrong.ts';
import { closeWorkshops, openWorkshop, testsOf } from './workshop.ts';

after(closeWorkshops);

const workshop = await openWorkshop();
const { run } = workshop;
const lessons = readLessons();

test('an unknown lesson is refused with the list', async () => {
  const { code, errors } = await run('lesson', '99');
  assert.equal(code, 2);
  assert.match(errors, /There is no lesson "99"/);
  assert.match(errors, /05 {2}A request around it/);
});

test('a word that is not a lesson is named', async () => {
  for (const word of ['', '-0']) {
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
  const kept = await workshop.runUnder('export npm_config_once=true; exec "$@"', 'lesson', '3');
  assert.equal(kept.code, 2);
  assert.match(kept.errors, /^npm has kept --once for itself\..* npm run lesson -- --once$/m);
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
  const commands = [attack, check, diff, extra, hint, lesson, wrong, catchUp, reset];
  for (const { name, help } of commands) {
    assert.match(help, new RegExp(`npm run ${name}\\b`), name);
    assert.match(help, /--json/, name);
  }
  const { code, output } = await run('reset', '--help');
  assert.equal(code, 0);
  assert.equal(output, `${reset.help}\n`);
});

test('hints come one at a time and earlier ones stay', async () => {
  const fresh = await openWorkshop();
  const first = await fresh.run('hint', '3');
  assert.match(first.output, /1\. Two cases/);
  assert.match(first.output, /hint 1 of 5/);
  // The pager reads nothing, and the command begins when a write to the pipe fails.
  const toNobody =
    '{ trap "" PIPE; while echo; do :; done 2>/dev/null; "$@"; echo "code $?" >&2; } | :';
  const unread = await fresh.runUnder(toNobody, 'hint', '2');
  assert.equal(unread.errors, 'code 141\n');
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
  const own = await fresh.run('diff');
  assert.match(own.output, /^Read · - yours, \+ lesson 02's\n\+static async Read\(/m);
  assert.doesNotMatch(own.output, /async Open/, 'lesson 02 does not change it');
  const { output } = await fresh.run('diff', '--all');
  assert.match(output, /^--- lessons\/mine\/sessions\.ts\n\+\+\+ lessons\/02-read\/sessions\.ts/);
  const same = JSON.parse((await fresh.run('diff', '--all', '--to', 'lesson-01', '--json')).output);
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
  const [first, second, third] = [1, 2, 3].map((number) => testsOf(number));
  const lines = [
    `✔ 01 Open and close +${first} of ${first} tests`,
    `✔ 02 Read +${second} of ${second} tests`,
    `✘ 03 Write +\\d of ${third}`,
  ];
  assert.match(output, new RegExp(lines.join('\\n')));
  assert.equal(output.match(/not ported/g)?.length, 1);
  assert.match(output, /next: npm run lesson 3/);
});

test('check --all runs every lesson on a class', async () => {
  const fresh = await openWorkshop();
  // The matrix runs all tests on the last class; here is a course that ends with lesson 5.
  const course = lessons.filter(({ number }) => number <= 5);
  for (const { slug } of lessons.filter((each) => !course.includes(each))) {
    fresh.remove(`lessons/${slug}`);
  }
  const tested = course.filter((lesson) => lesson.files.test);
  const { code, output } = await fresh.run('check', '--all', '--class', 'lesson-05', '--json');
  assert.equal(code, 0, output);
  const answer = JSON.parse(output);
  assert.equal(answer.lessons.length, tested.length);
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

test('a folder in the place of the class is reported, and is no class', async () => {
  const fresh = await openWorkshop();
  fresh.write('lessons/mine/sessions.ts/notes.txt', 'my own notes');
  assert.match((await fresh.run('diff')).errors, /^You have no class yet \(lessons\/mine/m);
  const { code, errors } = await fresh.run('lesson', '3');
  assert.equal(code, 1);
  assert.match(errors, /^Could not write lessons\/mine\/sessions\.ts: a folder is in the place/m);
  assert.equal(fresh.read('lessons/mine/sessions.ts/notes.txt'), 'my own notes');
});

test('a folder that is a link is refused with the remedy where no class can run behind it', async () => {
  const fresh = await openWorkshop();
  const elsewhere = join(fresh.folder, '..', `${basename(fresh.folder)}-elsewhere`);
  const mine = join(fresh.folder, 'lessons/mine');
  for (const [target, remedy] of [
    [elsewhere, /leads to a folder that does not exist; remove the link \(ENOENT\)/],
    [mine, /leads back to itself; remove it \(ELOOP\)/],
  ] as const) {
    rmSync(mine, { recursive: true, force: true });
    symlinkSync(target, mine);
    const { code, errors } = await fresh.run('catch-up', '4');
    assert.equal(code, 1);
    assert.match(errors, remedy);
  }
  mkdirSync(elsewhere);
  try {
    rmSync(mine, { recursive: true, force: true });
    symlinkSync(elsewhere, mine);
    const { code, errors } = await fresh.run('catch-up', '4');
    assert.equal(code, 1);
    assert.match(errors, /lessons\/mine is a link to .*-elsewhere, where Node does not find/);
    writeFileSync(join(elsewhere, 'sessions.ts'), fresh.classOf('01'));
    for (const command of [
      ['lesson', '1', '--once'],
      ['attack', '1'],
    ]) {
      const { code: own, errors: message } = await fresh.run(...command);
      assert.equal(own, 1);
      assert.match(
        message,
        /^lessons\/mine\/sessions\.ts is a link to .*move what it leads to here$/m,
      );
    }
  } finally {
    rmSync(elsewhere, { recursive: true });
  }
});

test('a verdict that cannot be recorded is reported', async () => {
  const fresh = await openWorkshop();
  fresh.write('lessons/mine/sessions.ts', fresh.classOf('01'));
  fresh.write('lessons/mine/state.json/notes.txt', 'my own notes');
  const refused =
    /^Could not write lessons\/mine\/state\.json: .* progress are not remembered\.$/gm;
  for (const command of ['check', 'attack']) {
    const { code, errors } = await fresh.run(command, '1');
    assert.equal(code, 0);
    assert.equal(errors.match(refused)?.length, 1, errors);
  }
});

test('a class in another encoding is named, with the remedy', async () => {
  const fresh = await openWorkshop();
  fresh.write('lessons/mine/sessions.ts', [...fresh.classOf('03')].join('\0'));
  const { code, output } = await fresh.run('check', '1');
  assert.equal(code, 1);
  assert.match(
    output,
    /^ {2}lessons\/mine\/sessions\.ts is not UTF-8 text: save it in that encoding$/m,
  );
  assert.match(output, /^ {2}next: fix that file, then run npm run check again$/m);
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

test('an extra exercise runs its tests on the learner’s class, and only those', async () => {
  const fresh = await openWorkshop();
  const none = await fresh.run('extra', '0');
  assert.equal(none.code, 2);
  assert.match(none.errors, /^Lesson 00 has no extra exercise with tests/);
  fresh.write(
    'lessons/01-open-and-close/extra.test.ts',
    `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBench } from '#bench';

const { handler } = await openBench();
test('Open is true', async () => assert.equal(await handler.open('', ''), true));
test('Close is a text', async () => assert.equal(await handler.close(), 'closed'));
`,
  );
  await fresh.run('catch-up', '2');
  const red = await fresh.run('extra', '1');
  assert.equal(red.code, 1, red.errors);
  assert.match(
    red.output,
    /^✔ Open is true\n✘ 01 Close is a text\n {2}handler\.close\(\)\n {2}expected 'closed'/m,
  );
  assert.match(red.output, /^1 of 2 tests red$/m);
  const mine = 'lessons/mine/sessions.ts';
  const close = /(static async Close\(\)): Promise<boolean>( \{\n)/;
  fresh.write(mine, fresh.read(mine).replace(close, "$1$2    if (true) return 'closed';\n"));
  const green = await fresh.run('extra', '1', '--json');
  assert.equal(green.code, 0, green.errors);
  assert.equal(JSON.parse(green.output).done, true);
});

/** The choice of `npm test`, and the records that it keeps of a run. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { root } from '../../src/workshop/course/catalogue.ts';
import { run, stripTypes } from '../../src/workshop/machine/program.ts';
import { isPartOf, testFiles } from './files.ts';
import { Logs } from './logs.ts';
import { COMPARISONS, keepSeconds, keptSeconds, longestFirst } from './order.ts';
import { drawSlowest } from './slow.ts';

const folder = mkdtempSync(join(tmpdir(), 'phpsessid-failures-'));
after(() => rmSync(folder, { recursive: true }));

const program = join(root, 'test/run/program.ts');
const environment = { ...process.env, NODE_TEST_CONTEXT: undefined };

/** Runs a test file and returns the record of its failures. */
async function record(source: string): Promise<string> {
  const [file, written] = ['some.test.mjs', join(folder, 'failures.txt')];
  writeFileSync(join(folder, file), `import { test, describe } from 'node:test';\n${source}`);
  const args = [...stripTypes, program, written, '1', file];
  await run(process.execPath, args, { cwd: folder, environment });
  return readFileSync(written, 'utf8');
}

test('files run in the order in which they are given, and a failure makes the exit code', async () => {
  const files = ['b', 'a'].map((name) => {
    const path = join(folder, `${name}.test.mjs`);
    writeFileSync(
      path,
      `import { test } from 'node:test'; test('in ${name}', (t) => t.name === 'in b' || f());`,
    );
    return path;
  });
  const args = [...stripTypes, program, join(folder, 'order.txt'), '1', ...files];
  const { code, stdout } = await run(process.execPath, args, { cwd: folder, environment });
  assert.match(stdout, /✔ in b[\s\S]*✖ in a/);
  assert.equal(code, 1);
});

test('a failed test is recorded with its file, its seed and its output, and once', async () => {
  const text = await record(`
    test('good', () => console.log('said before'));
    describe('a suite', () => {
      test('bad', () => { throw new Error('seed 4711: 1 is not 2'); });
    });`);
  assert.match(text, /^✘ bad\n {2}in some\.test\.mjs; again: npm test -- some\.test\.mjs --times/);
  assert.match(text, /seed 4711: 1 is not 2\n +at .*some\.test\.mjs:5/);
  assert.match(text, /output of some\.test\.mjs\n\n {4}said before/);
  assert.equal(text.match(/✘/g)?.length, 1);
});

test('a test that takes too long is recorded with its limit', async () => {
  const text = await record(
    `test('slow', { timeout: 50 }, () => new Promise((end) => setTimeout(end, 500)));`,
  );
  assert.match(text, /✘ slow\n[\s\S]*test timed out after 50ms/);
});

test('a file that ends before its tests is recorded with its exit code and its last words', async () => {
  const text = await record(`console.error('no server'); process.exit(7);`);
  assert.match(text, /✘ .*some\.test\.mjs\n[\s\S]*exitCode: 7[\s\S]*no server/);
});

test('the reason of a failure is the first failed tests, else the end of the output', () => {
  const logs = new Logs();
  logs.begin();
  after(() => rmSync(join(root, logs.folder), { recursive: true }));
  const lines = Array.from({ length: 80 }, (_, at) => `line ${at + 1}`).join('\n');
  logs.append('lint.log', Buffer.from(`${lines}\n`));
  assert.match(logs.reason('lint'), /^line 31\n[\s\S]*\nline 80$/);
  logs.append('tests.log', Buffer.from('✔ something else\n'));
  writeFileSync(join(root, logs.failures('tests')), '');
  assert.equal(logs.reason('tests'), '✔ something else');
  writeFileSync(join(root, logs.failures('tests')), `✘ bad\n${lines}\n`);
  assert.match(logs.reason('tests'), /^✘ bad\nline 1\n[\s\S]*\nline 49$/);
  assert.equal(logs.reason('types'), '');
});

test('a command line that names something unknown exits with 2, in one sentence', async () => {
  const refuse = async (expected: RegExp, ...command: string[]): Promise<void> => {
    const args = [...stripTypes, ...command];
    const { code, stderr } = await run(process.execPath, args, { cwd: root, environment });
    assert.equal(code, 2, command.join(' '));
    assert.match(stderr, expected);
    assert.doesNotMatch(stderr, /^ +at /m);
  };
  await refuse(/^Unknown option '--nope'/, 'test/run.ts', '--nope');
  await refuse(/^Unknown option '--nope'/, 'src/workshop/board/main.ts', '--nope');
  await refuse(/^There is no lesson "99"/, 'src/workshop/matrix/main.ts', '--lesson', '99');
  await refuse(/^There is no rule "9"/, 'src/workshop/matrix/main.ts', '--rule', '9');
});

test('a run without a failure leaves an empty record', async () => {
  assert.equal(await record(`test('good', () => {});`), '');
});

test('a word chooses the room of that name, else the files whose path contains it', () => {
  const all = testFiles();
  const chosen = (word: string): string[] => all.filter((file) => isPartOf(file, all)(word));
  assert.ok(chosen('lab').includes('test/workshop/lab/play.test.ts'));
  assert.ok(chosen('lab').every((file) => file.startsWith('test/workshop/lab/')));
  assert.ok(chosen('php').includes('test/php/oracle/against-php.test.ts'));
  assert.ok(chosen('php').every((file) => file.startsWith('test/php/')));
  assert.deepEqual(chosen('lab/play'), ['test/workshop/lab/play.test.ts']);
  assert.deepEqual(chosen('test/floors.test.ts'), ['test/floors.test.ts']);
  assert.deepEqual(chosen('no such file'), []);
});

test('files that the pages need begin first, then the others, the longest first', () => {
  const files = ['test/a.test.ts', 'test/b.test.ts', 'test/php/oracle/c.test.ts', 'test/d.test.ts'];
  const seconds = { 'test/b.test.ts': 9, 'test/d.test.ts': 70, 'test/php/oracle/c.test.ts': 5 };
  const order = ['test/php/oracle/c', 'test/d', 'test/b', 'test/a'].map(
    (name) => `${name}.test.ts`,
  );
  assert.deepEqual(longestFirst(files, seconds), order);
});

test('every file whose seconds are kept or whose results are read is there', () => {
  const all = testFiles();
  assert.deepEqual(longestFirst(all).toSorted(), all);
  const unknown = Object.keys(keptSeconds()).filter((file) => !all.includes(file));
  assert.deepEqual(unknown, [], 'npm test -- --keep');
  for (const beginning of COMPARISONS) {
    assert.ok(
      all.some((file) => file.startsWith(beginning)),
      beginning,
    );
  }
});

test('the seconds of long test files are kept, and those of no other program', () => {
  const [times, record] = [join(folder, 'kept.tsv'), join(folder, 'seconds.json')];
  const lines = ['12.6\t1.0\ttest/b.test.ts', '2.4\t2.0\ttest/a.test.ts', '99.0\t9.0\tlint.js'];
  writeFileSync(times, lines.map((line) => `${line}\n`).join(''));
  // Of an earlier run: one file is short now, and one did not run this time.
  writeFileSync(record, '{"test/a.test.ts":50,"test/c.test.ts":8}');
  keepSeconds(times, record);
  assert.deepEqual(keptSeconds(record), { 'test/b.test.ts': 13, 'test/c.test.ts': 8 });
});

test('the slowest are listed by the CPU time of their process and its children', async () => {
  const times = join(folder, 'times.tsv');
  const busy =
    'const until = process.cpuUsage().user + 3e5; while (process.cpuUsage().user < until);';
  const parent = join(folder, 'parent.mjs');
  writeFileSync(
    parent,
    `import { spawnSync } from 'node:child_process';
    spawnSync(process.execPath, ['-e', ${JSON.stringify(busy)}]);`,
  );
  const preload = pathToFileURL(join(root, 'test/run/times.mjs')).href;
  const options = { cwd: folder, environment: { ...environment, WORKSHOP_TIMES: times } };
  await run(process.execPath, ['--import', preload, parent], options);
  appendFileSync(times, '9.0\t0.1\tother.test.ts\n');
  const [, first = '', second = '', total] = drawSlowest(times, 5);
  assert.match(first, /^ +[0-9.]+ s +[0-9.]+ s {2}parent\.mjs$/);
  if (process.platform === 'linux') assert.ok(Number.parseFloat(first) >= 0.3, first);
  assert.match(second, /^ +0\.1 s +9\.0 s {2}other\.test\.ts$/);
  assert.match(total ?? '', /in all, of 2 processes$/);
  assert.equal(drawSlowest(times, 1).length, 3);
});

test('a run that is ended takes its test files along', async () => {
  const file = join(folder, 'endless.test.mjs');
  writeFileSync(
    file,
    `import { test } from 'node:test';
    test('endless', () => { console.log('pid ' + process.pid); return new Promise(() => setInterval(() => {}, 1000)); });`,
  );
  const args = [...stripTypes, program, join(folder, 'ended.txt'), '1', file];
  const runner = spawn(process.execPath, args, { cwd: folder, env: environment });
  let said = '';
  for await (const chunk of runner.stdout) {
    said += String(chunk);
    if (/pid \d+/.test(said)) break;
  }
  const pid = Number(/pid (\d+)/.exec(said)?.[1]);
  runner.kill('SIGTERM');
  await once(runner, 'exit');
  while (isAlive(pid)) await setTimeout(20);
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

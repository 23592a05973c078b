import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { TestResult } from '../../../src/workshop/bench/tests.ts';
import { readLessons, root } from '../../../src/workshop/course/catalogue.ts';
import type { Matrix } from '../../../src/workshop/matrix/run.ts';
import type { Page } from '../../../src/workshop/site/page.ts';
import { drawMatrix } from '../../../src/workshop/site/pictures/matrix.ts';
import { type RunningPrograms, startPrograms } from '../../../src/workshop/site/programs.ts';

const lessons = readLessons();
const two = lessons.filter(({ number }) => number === 1 || number === 2);
const page = { path: join(root, 'docs/the-request.md'), name: 'docs/the-request.md', text: '' };
let programs: RunningPrograms;

/** The page of the lesson whose folder has this name after its number. */
function pageOf(name: string): Page {
  const lesson = lessons.find(({ slug }) => slug.replace(/^\d+-/, '') === name);
  return { path: lesson?.files.readme ?? '', name, text: '' };
}

/** The arrows of a sequence, as Mermaid has them. */
async function arrowsOf(picture: string, lesson: string): Promise<(string | undefined)[]> {
  const { text } = await programs.picture(picture, pageOf(lesson));
  return [...text.matchAll(/^ {2}(L\d-?->>L\d: .*)$/gm)].map(([, arrow]) => arrow);
}

before(async () => {
  programs = await startPrograms(lessons, () => {});
});
after(() => programs.close());

test("the recorded trace has PHP's order, with a new id only on the first visit", async () => {
  const { text } = await programs.picture('trace', page);
  const calls = [...text.matchAll(/^\| {2}\| `(\w+)\(/gm)].map(([, name]) => name);
  const sweep = ['read', 'gc', 'write', 'close'];
  assert.deepEqual(calls, ['open', 'create_sid', ...sweep, 'open', ...sweep]);
  assert.match(text, /`read\("1"\)` \| `SELECT \* FROM sessions WHERE id=\?` \|/);
});

test('a recording shows the same on every day', async () => {
  const first = await programs.picture('trace', page);
  const again = await startPrograms(lessons, () => {});
  try {
    assert.deepEqual(await again.picture('trace', page), first);
  } finally {
    await again.close();
  }
});

test('two first saves at one moment both count nothing, and one of them fails', async () => {
  assert.deepEqual(await arrowsOf('two first saves', 'upsert'), [
    'L1->>L2: SELECT COUNT(id)',
    'L3->>L2: SELECT COUNT(id)',
    'L2-->>L1: 0',
    'L2-->>L3: 0',
    'L1->>L2: INSERT',
    'L3->>L2: INSERT',
    'L2-->>L1: 1 row affected',
    'L2-->>L3: ER_DUP_ENTRY',
  ]);
});

test('without a lock both clicks save the same count', async () => {
  assert.deepEqual(await arrowsOf('a lost click', 'locking'), [
    'L1->>L2: read',
    'L3->>L2: read',
    'L2-->>L1: count = 1',
    'L2-->>L3: count = 1',
    'L1->>L2: write count = 2',
    'L3->>L2: write count = 2',
  ]);
});

test('with a lock the other click reads after the first has closed', async () => {
  assert.deepEqual(await arrowsOf('a click that waits', 'locking'), [
    'L1->>L2: read',
    'L2-->>L1: count = 1',
    'L1->>L2: write count = 2',
    'L3->>L2: read',
    'L1->>L2: close',
    'L2-->>L3: count = 2',
    'L3->>L2: write count = 3',
    'L3->>L2: close',
  ]);
});

test('a crowd takes all ten connections, and two where it queues', async () => {
  const lesson = pageOf('a-queue-before-the-pool');
  const connected = async (picture: string): Promise<[held: string[], stranger: string]> => {
    const { text } = await programs.picture(picture, lesson);
    const held = [...text.matchAll(/^[ \d]\d {2}(.*)$/gm)].map(([, line = '']) => line);
    return [held, /^ · {2}a new visitor {2}(.*)$/m.exec(text)?.[1] ?? ''];
  };
  const [crowd, outside] = await connected('a crowd at the pool');
  assert.deepEqual([crowd.length, outside], [10, 'waits']);
  const [queue, served] = await connected('a crowd that queues');
  assert.deepEqual([queue.length, served], [2, 'has been served']);
  for (const [holder, ...waiting] of [crowd, queue]) {
    assert.match(holder ?? '', /^the page +holds the lock$/);
    assert.ok(waiting.every((line) => /^a reload +waits for the lock$/.test(line)));
  }
});

test('a sign-in ends one id and begins another', async () => {
  const arrows = await arrowsOf('a sign-in', 'fixation');
  const [old, renewed] = ['L2->>L1: ', 'L2->>L3: '].map((side) =>
    arrows.flatMap((arrow) => (arrow?.startsWith(side) ? [arrow.slice(side.length)] : [])),
  );
  assert.deepEqual(old, ['open', 'validate_sid', 'read', 'destroy', 'close']);
  assert.deepEqual(renewed, ['open', 'create_sid', 'validate_sid', 'read', 'write', 'close']);
  assert.deepEqual(
    arrows.filter((arrow) => arrow?.includes('-->>')),
    ['L1-->>L2: true', 'L3-->>L2: false'],
  );
});

test('a server that is an hour ahead sweeps what another one has saved', async () => {
  assert.deepEqual(await arrowsOf('two clocks', 'many-web-servers'), [
    'L1->>L2: UPDATE: now',
    'L3->>L2: DELETE: < +36 min',
    'L1->>L2: SELECT',
    'L2-->>L1: no session',
  ]);
});

test('each trick with the cookie works before and not after', async () => {
  const { text } = await programs.picture('tricks', pageOf('the-cookie'));
  const rows = text.split('\n').slice(2);
  assert.ok(rows.length >= 5);
  assert.ok(
    rows.every((row) => /^\| .+ \| yes \| .+ \| no \|$/.test(row)),
    text,
  );
});

test('neither the seal nor the row opens a session without the other', async () => {
  const { text } = await programs.picture('two keys', pageOf('sealed-or-stored'));
  assert.match(text, /S -->\|no\| N\[Nobody is<br\/>signed in\]/);
  assert.match(text, /R -->\|no\| G\[Nobody is<br\/>signed in\]/);
  assert.match(text, /R -->\|yes\| Y\[Signed in<br\/>as ann\]/);
});

test("the picture of a row is of PHP's own bytes", async () => {
  const { text } = await programs.picture('row', page);
  assert.match(
    text,
    /\n6e 61 6d 65 7c 73 3a 36 3a 22 5a 6f c3 ab 7c 3b 22 3b\nkey {12}type {2}size {5}value\n/,
  );
  assert.match(text, /\nn {2}a {2}m {2}e {2}\| .* Z {2}o {2}ë {5}\| {2};/);
  assert.match(text, /\| 20 \| 6 \| `Zoë\\\|;` \| the string \|/);
});

test('a long row is broken where a value ends, and a NUL byte is visible', async () => {
  const { text } = await programs.picture('row of an object', page);
  assert.match(text, /\| 45 \| 7 \| `\\0\*\\0role` \| the string \|/);
  const lines = text.split('\n').filter((line) => /^[0-9a-f]{2} [0-9a-f]{2}/.test(line));
  assert.deepEqual(
    lines.map((line) => line.slice(-2)),
    ['7b', '3b', '3b', '7d'],
  );
  assert.ok(lines.every((line) => line.split(' ').length <= 30));
});

test("the letters and the formats are PHP's own", async () => {
  const { text: letters } = await programs.picture('letters', page);
  assert.match(letters, /\| `R` \| .* \| `a:2:\{i:0;N;i:1;R:2;\}` \|$/);
  const { text: formats } = await programs.picture('formats', page);
  assert.match(formats, /\n\| `php_binary` \| `\\x05counti:3;\\x04cart/);
});

test('an unknown picture is refused with the list', async () => {
  await assert.rejects(programs.picture('cat', page), {
    message: /^there is no picture "cat"\. There are: matrix; .*; trace$/,
  });
});

test('an attack shows its transcript up to the verdict, and no path of this machine', async () => {
  const lesson = lessons.find(({ number }) => number === 2);
  assert.ok(lesson);
  const text = await programs.transcript(lesson, 'wrong-02-article-read');
  assert.match(text, /\nBREACHED: .+$/);
  assert.ok(!text.includes(root));
});

test("a lesson's tests are listed one per line, with the first reason of each failure", async () => {
  const lesson = lessons.find(({ number }) => number === 2);
  assert.ok(lesson);
  const text = await programs.tests(lesson, 'wrong-02-null');
  assert.match(text, /^✘ an unknown id reads as an empty string\n {4}\S.+\n✔ a known id/);
});

test('the matrix counts what passes, what fails and what is retired', () => {
  const [one, second] = two;
  assert.ok(one && second);
  const retiring = { ...second, proves: ['c'], retires: [{ test: 'b', why: 'better' }] };
  const { text } = drawMatrix([one, retiring], {
    ...sound,
    observed: {
      classes: [
        seen('01', [
          ...[result('01', 'a'), result('01', 'b')],
          ...[result('02', 'c', false), result('02', 'a race', false)],
        ]),
        seen('02', [result('01', 'a'), result('01', 'b', false), result('02', 'c')]),
      ],
      wrong: [],
      undone: [],
      attacks: [],
    },
  });
  assert.match(text, /\n\| 01 [^|]+ \| ✔ 2 \| ✘ 1 \|/);
  assert.match(text, /\n\| 02 [^|]+ \| ✔ 1, 1 retired \| ✔ 1 \|/);
});

test('a matrix that breaks a rule is not shown', () => {
  const broken = [{ rule: 2 as const, lesson: '02', sentence: 'c passes already' }];
  assert.throws(() => drawMatrix(two, { ...sound, broken }), {
    message: 'the matrix breaks rule 2: c passes already',
  });
});

const sound: Matrix = {
  observed: { classes: [], wrong: [], undone: [], attacks: [] },
  broken: [],
  doubtful: [],
  lessons: ['01', '02'],
  milliseconds: 1,
};

function seen(lesson: string, results: TestResult[]) {
  return { lesson, condition: `lesson-${lesson}`, results };
}

function result(lesson: string, name: string, passed = true): TestResult {
  const reason = passed ? undefined : 'assertion';
  return { lesson, name, passed, reason, message: '', milliseconds: 1 };
}

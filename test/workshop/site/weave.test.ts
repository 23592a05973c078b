import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, test } from 'node:test';
import type { Lesson } from '../../../src/workshop/course/catalogue.ts';
import { withoutFrame } from '../../../src/workshop/course/frame.ts';
import { weavePage } from '../../../src/workshop/site/page.ts';
import { type Programs, sourceOf } from '../../../src/workshop/site/source.ts';

const folder = mkdtempSync(join(tmpdir(), 'phpsessid-weave-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const before = lesson('01-one', 1, {
  'sessions.ts': 'class A {\n  read() {\n  }\n}\n',
});
const here = lesson('02-two', 2, {
  'sessions.ts': 'class A {\n  read() {\n    return 1;\n  }\n  async write() {\n  }\n}\n\n\n',
  'sessions.php': '<?php\nfunction read()\n{\n  return 1;\n}\n',
  'ticks.txt': 'a\n```\nb\n```\n',
  'attack.ts': '',
  'wrong/null.patch':
    'caught by: "a test"\nNull looks right.\n\n--- a\n+++ b\n@@ -2,3 +2,3 @@\n   read() {\n-    return 1;\n+    return null;\n   }\n',
});
const lessons = [before, here];
const programs: Programs = {
  transcript: async (of, condition) => `${of.slug} on ${condition}`,
  tests: async (of, condition) => `tests of ${of.slug} on ${condition}`,
  php: async (path) => `${basename(path)} in PHP`,
  picture: async (name) => ({ kind: 'block', text: `![${name}](x.svg)` }),
};

test('a marker gets its fence, and the rest stays byte for byte', async () => {
  const { text, problems } = await weave('# A\n\n<!-- code: ./sessions.ts#write -->\n\tlast  ');
  assert.deepEqual(problems, []);
  assert.equal(
    text,
    '# A\n\n<!-- code: ./sessions.ts#write -->\n```ts\nasync write() {\n}\n```\n\tlast  ',
  );
});

test('a PHP script runs in its page’s folder, and never outside it', async () => {
  const inside = await weave('<!-- output: php ./sessions.php -->');
  assert.equal(inside.text.split('\n')[2], 'sessions.php in PHP');
  const outside = await weave('<!-- output: php ../../../etc/passwd.php -->');
  assert.match(outside.problems[0]?.message ?? '', /is outside the project/);
});

test('weaving twice changes nothing', async () => {
  const page = [
    '<!-- code: ./sessions.php#read -->',
    '<!-- diff -->',
    '<!-- transcript: attack on lesson-01 -->',
    '<!-- output: tests on wrong-02-null -->',
    '<!-- proves -->',
    'text',
    '<!-- wrong -->',
    '<!-- picture: row -->',
    '',
  ].join('\n');
  const once = await weave(page);
  assert.deepEqual(once.problems, []);
  const twice = await weave(once.text);
  assert.deepEqual(twice.problems, []);
  assert.equal(twice.text, once.text);
});

test('stale text below a marker is renewed', async () => {
  const { text } = await weave('<!-- code: ./sessions.ts#write -->\n```ts\nold();\n```\nafter\n');
  assert.equal(text, '<!-- code: ./sessions.ts#write -->\n```ts\nasync write() {\n}\n```\nafter\n');
});

test('a page with line ends of Windows keeps them', async () => {
  const { text } = await weave('a\r\n<!-- code: ./sessions.ts#write -->\r\nb\r\n');
  assert.equal(
    text,
    'a\r\n<!-- code: ./sessions.ts#write -->\r\n```ts\r\nasync write() {\r\n}\r\n```\r\nb\r\n',
  );
});

test('a fence in a list item stays in it', async () => {
  const { text } = await weave('1. One\n   <!-- code: ./sessions.ts#write -->\n2. Two\n');
  assert.match(
    text,
    /^1\. One\n {3}<!--.*\n {3}```ts\n {3}async write\(\) \{\n {3}\}\n {3}```\n2\. Two\n$/,
  );
});

test('back ticks in the source lengthen those of the fence', async () => {
  const { text } = await weave('<!-- code: ./ticks.txt -->\n');
  assert.match(text, /\n````text\na\n```\nb\n```\n````\n/);
  assert.equal((await weave(text)).text, text);
});

test('a diff shows the lesson before against this one', async () => {
  const { text } = await weave('<!-- diff: ./sessions.ts#read -->\n');
  assert.match(text, /```diff\n read\(\) \{\n\+ {2}return 1;\n \}\n```/);
});

test('a declaration that is new is all additions', async () => {
  const { text } = await weave('<!-- diff: ./sessions.ts#write -->\n');
  assert.match(text, /```diff\n\+async write\(\) \{\n\+\}\n```/);
});

test('a diff with a wrong fix compares the class that its patch makes', async () => {
  const { text } = await weave('<!-- diff: ./wrong/null.patch with ./sessions.ts#read -->\n');
  assert.match(text, /```diff\n read\(\) \{\n- {2}return null;\n\+ {2}return 1;\n \}\n```/);
});

test('a wrong fix is listed with its idea, its test and what it changes', async () => {
  const { text } = await weave('<!-- wrong -->\n');
  assert.match(text, /^\| `wrong\/null\.patch` \| Null looks right\. \| a test \|$/m);
  assert.match(
    text,
    /<summary><code>wrong\/null\.patch<\/code><\/summary>\n\n```diff\n(?:.*\n)*- {4}return 1;\n\+ {4}return null;\n(?:.*\n)*```\n\n<\/details>/,
  );
});

test('a fence without a marker is refused with its place', async () => {
  const problems = await problemsOf('a\n\n```ts\nx();\n```\n');
  assert.deepEqual(problems, [
    'page.md:3 this fence has no marker above it; write <!-- code, diff, transcript, output or text … -->',
  ]);
});

test('a misspelt marker is named', async () => {
  const [problem] = await problemsOf('<!-- cod: ./sessions.ts -->\n```ts\nx();\n```\n');
  assert.match(problem ?? '', /^page\.md:2 .*"cod" is not one of code, diff/);
});

test('text typed by hand needs a reason and keeps every byte', async () => {
  const fence = '```http\nGET / HTTP/1.1\n```\n';
  assert.match(
    (await problemsOf(`<!-- text -->\n${fence}`))[0] ?? '',
    /^page\.md:1 .*the form is <!-- text: why it is typed by hand -->$/,
  );
  const kept = await weave(`<!-- text: an exchange -->\n${fence}`);
  assert.deepEqual(kept.problems, []);
  assert.equal(kept.text, `<!-- text: an exchange -->\n${fence}`);
});

test('an unknown name is refused with the list', () =>
  refuses(
    '<!-- code: ./sessions.ts#nope -->',
    /has nothing named "nope"; what it has is A, read, write$/,
  ));

test('a declaration is found by its name alone', async () => {
  const { text } = await weave('<!-- code: ./sessions.ts#A -->');
  assert.match(text, /```ts\nclass A \{\n {2}read\(\) \{\n[^#]+\n\}\n```/);
});

test('a file that is not there is refused', () =>
  refuses('<!-- code: ./gone.ts -->', /cannot read .*gone\.ts: ENOENT$/));

test('a lesson’s heading and its neighbours are woven, and woven again the same', async () => {
  const { text } = await weave('<!-- heading -->\n\ntext\n\n<!-- neighbours -->\n');
  const links =
    '[← 1. 01-one](../01-one/README.md) · [All lessons](../../README.md#for-the-learner)';
  assert.equal(
    text,
    [
      ...['<!-- heading -->', '', '# 2. 02-two', '', '10 minutes · easy', '', links, ''],
      ...['<!-- end -->', '', 'text', '', '<!-- neighbours -->', '', links, '', '<!-- end -->', ''],
    ].join('\n'),
  );
  assert.equal((await weave(text)).text, text);
  assert.equal(withoutFrame(`---\ntitle: x\n---\n${text}`).trim(), 'text');
});

test('a diff of equals is refused', () =>
  refuses('<!-- diff: ./sessions.ts with ./sessions.ts -->', /do not differ here$/));

test('an unknown class is refused with the list', () =>
  refuses(
    '<!-- transcript: attack on lesson-99 -->',
    /no class "lesson-99"\. There are:\n {2}mine\n {2}lesson-01\n {2}lesson-02\n {2}wrong-02-null$/,
  ));

test('an invalid transcript is refused with the expected form', () =>
  refuses('<!-- transcript: lesson-01 -->', /is <!-- transcript: attack on lesson-01 -->$/));

test('a command that is not on the list is refused', () =>
  refuses(
    '<!-- output: rm -rf -->',
    /the form is <!-- output: tests on lesson-01 --> or <!-- output: php \.\/a\.php -->$/,
  ));

test('a fence that never ends is refused', () =>
  refuses('<!-- code: ./sessions.ts -->\n```ts\nx', /is never closed$/));

test('a text marker without its fence is refused', () =>
  refuses('<!-- text: a drawing -->', /no fence below this marker$/));

test('a faulty marker keeps the text below it', async () => {
  const page = '<!-- code: ./gone.ts -->\n```ts\nolder();\n```\n';
  assert.equal((await weave(page)).text, page);
});

test('lesson markers on other pages are refused', async () => {
  const page = { path: join(folder, 'page.md'), name: 'page.md', text: '<!-- proves -->\n' };
  const { problems } = await weavePage(page, sourceOf(lessons, started));
  assert.match(problems[0]?.message ?? '', /belongs on the page of a lesson/);
});

test('nothing is started for a page that runs nothing', async () => {
  const { problems } = await weave('<!-- code: ./sessions.ts -->\n', () => {
    throw new Error('started');
  });
  assert.deepEqual(problems, []);
});

function weave(text: string, start: () => Promise<Programs> = started) {
  const page = { path: join(here.directory, 'README.md'), name: 'page.md', text };
  return weavePage(page, sourceOf(lessons, start));
}

async function refuses(page: string, expected: RegExp): Promise<void> {
  const problems = await problemsOf(`${page}\n`);
  assert.equal(problems.length, 1);
  assert.match(problems[0] ?? '', expected);
}

async function problemsOf(text: string): Promise<string[]> {
  const { problems } = await weave(text);
  return problems.map(({ file, line, message }) => `${file}:${line} ${message}`);
}

async function started(): Promise<Programs> {
  return programs;
}

function lesson(slug: string, number: number, files: Record<string, string>): Lesson {
  const directory = join(folder, slug);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(directory, name, '..'), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  const label = `0${number}`;
  const wrong = {
    condition: `wrong-${label}-null`,
    path: join(directory, 'made/null.ts'),
    patch: join(directory, 'wrong/null.patch'),
    caughtBy: 'a test',
    mayFail: [],
    idea: 'Null looks right.',
    article: false,
  };
  return {
    number,
    label,
    slug,
    condition: `lesson-${label}`,
    title: slug,
    directory,
    project: folder,
    kind: 'port',
    minutes: 10,
    difficulty: 1,
    proves: ['an unknown id reads as an empty string'],
    retires: [],
    covers: [],
    needs: [],
    wrong: files['wrong/null.patch'] ? [wrong] : [],
    files: {
      readme: join(directory, 'README.md'),
      data: join(directory, 'lesson.json'),
      class: join(directory, 'sessions.ts'),
      php: undefined,
      test: undefined,
      attack: files['attack.ts'] === undefined ? undefined : join(directory, 'attack.ts'),
      hints: undefined,
      extra: undefined,
      schema: undefined,
    },
  };
}

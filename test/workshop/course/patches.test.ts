/** Wrong fixes are made from their patches, and a patch that cannot be applied is named. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { readLessons } from '../../../src/workshop/course/catalogue.ts';
import { applyTo, makeWrongFixes } from '../../../src/workshop/course/patches.mjs';

const patch = `caught by: "a test"
It looks right.

--- lessons/02-read/sessions.ts
+++ lessons/02-read/wrong/null
@@ -1,3 +1,3 @@
 first
-return '';
+return null;
 last
`;

let project: string;
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'phpsessid-patches-'));
  write('sessions.ts', "first\nreturn '';\nlast\n");
  write('wrong/null.patch', patch);
});
afterEach(() => rmSync(project, { recursive: true }));

const file = (name: string): string => join(project, 'lessons/02-read', name);

function write(name: string, text: string): void {
  mkdirSync(dirname(file(name)), { recursive: true });
  writeFileSync(file(name), text);
}

const make = () => makeWrongFixes([file('')]);
const made = () => readFileSync(file('made/null.ts'), 'utf8');

test('a wrong fix is the class with its patch applied, below a line that names the patch', () => {
  assert.deepEqual(make(), []);
  assert.equal(
    made(),
    '// Made from lessons/02-read/wrong/null.patch: edit the patch, not this file.\n' +
      'first\nreturn null;\nlast\n',
  );
});

test('a wrong fix is made anew when the class or the patch has changed', () => {
  make();
  write('sessions.ts', "new\nfirst\nreturn '';\nlast\n");
  make();
  assert.match(made(), /\nnew\nfirst\nreturn null;\n/);
  write('wrong/null.patch', patch.replace('return null', 'return undefined'));
  make();
  assert.match(made(), /\nreturn undefined;\n/);
});

test('a made class whose patch is gone is deleted', () => {
  make();
  rmSync(file('wrong/null.patch'));
  assert.deepEqual(make(), []);
  assert.equal(existsSync(file('made/null.ts')), false);
});

test('a patch that no longer applies is named with its lesson, and its class is deleted', () => {
  make();
  write('sessions.ts', 'first\nreturn undefined;\nlast\n');
  const base = 'lessons/02-read/sessions.ts';
  const remedy =
    `make the mistake in a copy of ${base} and keep the difference: ` +
    `git diff --no-index ${base} COPY > lessons/02-read/wrong/null.patch`;
  assert.deepEqual(make(), [
    {
      patch: file('wrong/null.patch'),
      problem: `lessons/02-read/wrong/null.patch no longer applies to ${base}; ${remedy}`,
    },
  ]);
  assert.equal(existsSync(file('made/null.ts')), false);
});

test('a file that is not a patch, or changes nothing, or is missing, is named', () => {
  const problemOf = (name: string) => {
    const applied = applyTo(file('sessions.ts'), file(name), 'change');
    return 'problem' in applied ? applied.problem : applied.text;
  };
  write('wrong/garbage.patch', patch.replace('-return', '?return'));
  assert.match(
    problemOf('wrong/garbage.patch'),
    /^lessons\/02-read\/wrong\/garbage\.patch is not a/,
  );
  write('wrong/empty.patch', 'caught by: "a test"\n');
  assert.match(
    problemOf('wrong/empty.patch'),
    /empty\.patch changes nothing in lessons\/02-read\//,
  );
  assert.match(problemOf('wrong/gone.patch'), /gone\.patch is missing; change a copy of lessons\//);
});

test('a patch as git writes it applies, and its lines above are read', () => {
  write('wrong/null.patch', patch.replace('--- ', 'diff --git a/x b/y\nindex 1..2 100644\n--- '));
  write('README.md', '---\ntitle: "2. Read"\n---\n');
  write('lesson.json', '{"kind":"page","minutes":5,"difficulty":1}');
  assert.deepEqual(make(), []);
  const [lesson] = readLessons(join(project, 'lessons'));
  const [wrong] = lesson?.wrong ?? [];
  assert.deepEqual([wrong?.caughtBy, wrong?.idea], ['a test', 'It looks right.']);
  assert.deepEqual(wrong?.mayFail, []);
  write('wrong/null.patch', patch.replace('\n', '\nmay fail: "another"\nmay fail: "a third"\n'));
  const [fix] = readLessons(join(project, 'lessons'))[0]?.wrong ?? [];
  assert.deepEqual(fix?.mayFail, ['another', 'a third']);
  assert.equal(fix?.idea, 'It looks right.');
  write('wrong/null.patch', patch.replace('caught by', 'Caught by'));
  assert.throws(() => readLessons(join(project, 'lessons')), /first line must be caught by: "name/);
});

test('a folder that an older version left behind, with wrong fixes only, is not a lesson', () => {
  write('README.md', '---\ntitle: "2. Read"\n---\n');
  write('lesson.json', '{"kind":"page","minutes":5,"difficulty":1}');
  write('../03-moved/made/null.ts', '');
  const slugs = readLessons(join(project, 'lessons')).map(({ slug }) => slug);
  assert.deepEqual(slugs, ['02-read']);
});

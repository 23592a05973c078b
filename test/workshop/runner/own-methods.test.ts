/** A solution is compared by the methods that are the lesson's own, whatever its style. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { findClass, findLesson, readLessons } from '../../../src/workshop/course/catalogue.ts';
import { withMoved } from '../../../src/workshop/course/moved.ts';
import { compareWithLesson } from '../../../src/workshop/runner/commands/diff.ts';
import { compareMembers } from '../../../src/workshop/runner/own-methods.ts';

const before = `import { createConnection } from 'mysql2/promise';

export class Sessions {
  /** One connection. */
  static Db = null;

  static async Read(sid: string): Promise<string> {
    return '';
  }
}
`;

const lesson = before.replace(
  /\}\n$/,
  `
  /** Writes the session's data. */
  static async Write(sid: string, data: string): Promise<boolean> {
    await Sessions.Db.execute('INSERT', [sid, data]);
    return true;
  }
}
`,
);

test('quotes, comments, semicolons and indentation do not count', () => {
  const own = lesson
    .replaceAll("'", '"')
    .replaceAll(/;$/gm, '')
    .replace('/** Writes the session’s data. */', '// mine')
    .replaceAll('  ', '\t');
  const { members, others } = compareMembers(own, lesson, before);
  assert.deepEqual(members, [{ name: 'Write', patch: '' }]);
  assert.deepEqual(others, []);
});

test('only what the lesson changes is drawn, other differences are named', () => {
  const own = lesson.replace("'INSERT'", "'REPLACE'").replace("return '';", "return 'x';");
  const { members, others } = compareMembers(own, lesson, before);
  assert.deepEqual(
    members.map(({ name }) => name),
    ['Write'],
  );
  assert.match(
    members[0]?.patch ?? '',
    /^- {2}await Sessions\.Db\.execute\('REPLACE', \[sid, data\]\);$/m,
  );
  assert.match(
    members[0]?.patch ?? '',
    /^\+ {2}await Sessions\.Db\.execute\('INSERT', \[sid, data\]\);$/m,
  );
  assert.deepEqual(others, ['Read']);
});

test('a missing method, a helper of the learner’s and an import are drawn', () => {
  const own = before
    .replace('createConnection', 'createPool')
    .replace(/\}\n$/, '  static #time = () => 3;\n}\n');
  const { members, others } = compareMembers(own, lesson, before);
  assert.deepEqual(
    members.map(({ name, patch }) => [name, patch.split('\n')[0]]),
    [
      ['Write', '+static async Write(sid: string, data: string): Promise<boolean> {'],
      ['#time', '-static #time = () => 3;'],
    ],
  );
  assert.deepEqual(others, ['outside the class']);
  const helper = compareMembers(`const time = 1;\n${lesson}`, `const time = 2;\n${lesson}`, before);
  assert.equal(helper.members[0]?.name, 'time');
});

test('an apostrophe within a string keeps its quotes', () => {
  const own = lesson.replace("'INSERT'", '"it\'s"');
  const { members } = compareMembers(own, own.replace('return true', 'return false'), before);
  assert.match(members[0]?.patch ?? '', /^ {3}await Sessions\.Db\.execute\("it's"/m);
});

test('a class that cannot be parsed is compared as far as it goes', () => {
  const { members } = compareMembers(
    'export class Sessions { static async Write( {',
    lesson,
    before,
  );
  assert.equal(
    members.some(({ name, patch }) => name === 'Write' && patch !== ''),
    true,
  );
});

test('code that a lesson imports is compared with that of a learner who has kept it', () => {
  const lessons = readLessons();
  const compare = (number: number, own: string) => {
    const [before, lesson] = [number - 1, number].map((each) =>
      withMoved(readFileSync(findLesson(lessons, each).files.class, 'utf8'), lessons),
    ) as [string, string];
    const { members, others } = compareMembers(withMoved(own, lessons), lesson, before);
    return [members.filter(({ patch }) => patch !== '').map(({ name }) => name), others];
  };
  const compared = compareWithLesson(
    lessons,
    findClass(lessons, 'lesson-14'),
    findLesson(lessons, 15),
  );
  const names = compared.members.map(({ name }) => name);
  assert.ok(names.includes('#lock') && !names.includes('#take'), names.join());
  const [twentyTwo, twentyThree] = [22, 23].map((number) =>
    readFileSync(findLesson(lessons, number).files.class, 'utf8'),
  ) as [string, string];
  const part = (from: string, to: string) =>
    twentyTwo.slice(twentyTwo.indexOf(from), twentyTwo.indexOf(to));
  const method = part('  static async census', '  /** Registers');
  const kept = twentyThree
    .replace(/^import .* from '#census';$/m, '')
    .replace(/^ {2}static readonly census.*$/m, () => method);
  const own = `${kept}\n${part('/** A row of the view', '/** The article')}`;
  assert.deepEqual(compare(23, own), [['outside the class'], []], 'the import');
  const changed = own.replace('destroy(); //', 'release(); //');
  assert.deepEqual(compare(23, changed), [['outside the class'], ['census']]);
});

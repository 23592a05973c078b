/** The types of the learner's class: in an editor, and as part of a lesson's verdict. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type typescript from 'typescript';
import { readLessons } from '../../../src/workshop/course/catalogue.ts';
import { TypeChecker } from '../../../src/workshop/runner/types.ts';
import { findSnapshot, makeSnapshot } from '../../../src/workshop/runner/types-snapshot.ts';
import { closeWorkshops, openWorkshop, type Workshop } from './workshop.ts';

after(closeWorkshops);

// An import would look through nine megabytes for the names of their exports.
const ts = createRequire(import.meta.url)('typescript') as typeof typescript;

const mine = 'lessons/mine/sessions.ts';

/** The declarations of the language, of Node and of mysql2: each project reads the same ones. */
const declarations = new Map<string, typescript.SourceFile | undefined>();

/** The errors that an editor shows in lessons/mine: `''` when there is none. */
function editorErrors({ folder }: Workshop): string {
  const path = join(folder, 'lessons/mine/tsconfig.json');
  const read = ts.getParsedCommandLineOfConfigFile(path, undefined, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: ({ messageText }) => assert.fail(String(messageText)),
  });
  assert.ok(read);
  const host = ts.createCompilerHost(read.options);
  // Errors do not come from comments, which are most of the declarations.
  host.jsDocParsingMode = ts.JSDocParsingMode.ParseForTypeErrors;
  const { getSourceFile } = host;
  host.getSourceFile = (name, ...rest) => {
    if (!name.includes('/node_modules/')) return getSourceFile(name, ...rest);
    const file = declarations.get(name) ?? getSourceFile(name, ...rest);
    declarations.set(name, file);
    return file;
  };
  const program = ts.createProgram(read.fileNames, read.options, host);
  return ts.formatDiagnostics([...read.errors, ...ts.getPreEmitDiagnostics(program)], host);
}

/** Lesson 03's class, green in its tests, with a type error in Read. */
function mistyped(workshop: Workshop): string {
  return workshop
    .classOf('03')
    .replace(/(static async Read\(.*\n)/, '$1    const typed: string = 3;\n');
}

/** The line of the error. */
const lineOf = (text: string): number =>
  text.split('\n').findIndex((line) => line.includes('const typed')) + 1;

test('the learner’s class opens in an editor without an error, from the first copy to the last', async () => {
  const workshop = await openWorkshop();
  const last = readLessons().at(-1)?.number ?? 0;
  for (const number of [1, last]) {
    await workshop.run('catch-up', String(number));
    assert.equal(editorErrors(workshop), '', `the class from which lesson ${number} starts`);
  }
  workshop.write(mine, mistyped(workshop));
  assert.match(editorErrors(workshop), /sessions\.ts\(\d+,11\): error TS2322/);
});

test('settings that the learner has changed are kept', async () => {
  const workshop = await openWorkshop();
  workshop.write('lessons/mine/tsconfig.json', '{}');
  await workshop.run('catch-up', '2');
  assert.equal(workshop.read('lessons/mine/tsconfig.json'), '{}');
});

test('a green class with a type error is not done, and the error has its line', async () => {
  const workshop = await openWorkshop();
  const text = mistyped(workshop);
  workshop.write(mine, text);
  const learner = workshop.type('lesson', '3');
  await learner.sees(/✘ 03 is not done: the tests are green, but TypeScript reports an error\n/);
  const place = `lessons/mine/sessions\\.ts:${lineOf(text)}`;
  const message = "Type 'number' is not assignable to type 'string'\\.";
  await learner.sees(
    new RegExp(`^  type error at ${place}: ${message}\n  next: fix the type, then save`, 'm'),
  );
  workshop.write(mine, `${text}export const more: number = '';\n`);
  await learner.sees(new RegExp(`type error at ${place} and 1 other: `));
  workshop.write(mine, workshop.classOf('03'));
  await learner.sees(/✔ 03 done/);
  learner.press('q');
  await learner.ended();
});

test('a type error is shown below a red test, and in JSON', async () => {
  const workshop = await openWorkshop();
  const text = mistyped(workshop).replace("?? ''", "?? 'x'");
  workshop.write(mine, text);
  const { code, output } = await workshop.run('lesson', '2', '--once', '--json');
  assert.equal(code, 1);
  const [problem] = JSON.parse(output).types;
  assert.deepEqual([problem.file, problem.line], [mine, lineOf(text)]);
  const check = await workshop.run('check', '2');
  assert.equal(check.code, 1);
  assert.match(
    check.output,
    /✘ 02 Read +\d+ of \d+ tests[\s\S]*type error at lessons\/mine\/sessions\.ts:\d+: /,
  );
});

test('an unused parameter, a missing return type and a missing override are not errors', async () => {
  const workshop = await openWorkshop();
  const unused = '  static helper(name: string) {\n    return 3;\n  }\n';
  const optional = '{ db?: string }) {\n    held.db = undefined;\n';
  const error = "class Late extends Error {\n  name = 'Late';\n}\n";
  workshop.write(
    mine,
    `${workshop.classOf('01').replace(/(export class Sessions.*\n)/, `$1${unused}  static end(held: ${optional}  }\n`)}${error}`,
  );
  const { code, output } = await workshop.run('check', '1');
  assert.equal(code, 0, output);
  assert.match(output, /✔ 1 lesson, \d+ tests, no type error/);
});

test('a check that cannot start from the snapshot starts without it', async () => {
  const workshop = await openWorkshop();
  await makeSnapshot();
  assert.ok(findSnapshot(), 'the other tests start from it');
  const broken = join(workshop.folder, 'lessons/mine/broken.blob');
  workshop.write('lessons/mine/broken.blob', 'of another Node');
  const checkers = [findSnapshot(), broken].map((snapshot) => new TypeChecker(snapshot));
  const [frozen, started] = await Promise.all(checkers.map((each) => each.check()));
  for (const each of checkers) each.close();
  assert.deepEqual(started, frozen);
});

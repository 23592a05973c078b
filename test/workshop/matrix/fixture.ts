/**
 * A workshop of three small lessons in a separate folder: intact until a test sabotages it.
 *
 * The folder has a package.json with its own `imports`, and runs the real bench on a real database.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Lesson, readLessons, root } from '../../../src/workshop/course/catalogue.ts';

export interface Workshop {
  readonly directory: string;
  /** Replaces a piece of a file, which must contain it. */
  edit(path: string, from: string | RegExp, to: string): void;
  write(path: string, text: string): void;
  /** The lessons as the folders hold them now; the package's conditions are written anew. */
  lessons(): Lesson[];
  remove(): void;
}

const workshop = (path: string): string => pathToFileURL(join(root, 'src/workshop', path)).href;

const start = `export class Sessions {
  static SessionName = 'MySession';
}
`;

/** The class, with one line in Read that the lessons change. */
const classWith = (guard: string, missing: string): string => `
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';

export class Sessions {
  static Db: Connection | null = null;

  static async Open(_path: string, _name: string): Promise<boolean> {
    Sessions.Db ??= await createConnection(process.env['DATABASE_URL'] ?? '');
    return true;
  }

  static async Read(sid: string): Promise<string> {
    ${guard}
    const [rows] = await Sessions.Db!.execute<RowDataPacket[]>('SELECT d FROM sessions WHERE id=?', [sid]);
    const [row] = rows;
    if (!row) ${missing}
    return row['d'];
  }

  static async Write(sid: string, data: string): Promise<boolean> {
    const sql = 'INSERT INTO sessions (id, d) VALUES (?,?) ON DUPLICATE KEY UPDATE d=VALUES(d)';
    await Sessions.Db!.execute(sql, [sid, data]);
    return true;
  }
}
`;

const empty = "return '';";
const exact = "if (!/^\\d+$/.test(sid)) return '';";
const refuse = "throw new Error('unknown session');";

const testsWith = (body: string): string => `
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBench } from '#bench';

const { handler, store } = await openBench();
${body}
`;

const lessonJson = (kind: string, proves: string[], retires: object[] = []): string =>
  JSON.stringify({ kind, minutes: 1, difficulty: 1, proves, retires, needs: ['mysql'] });

const files: Record<string, string> = {
  'php.ts': `export * from '${workshop('../php/index.ts')}';\n`,
  'bench.ts': `export * from '${workshop('bench/index.ts')}';\n`,
  'lessons/00-start/README.md': '---\ntitle: "0. Start"\n---\n',
  'lessons/00-start/lesson.json': lessonJson('page', []),
  'lessons/00-start/sessions.ts': start,

  'lessons/01-store/README.md': '---\ntitle: "1. Store"\n---\n',
  'lessons/01-store/lesson.json': lessonJson('port', [
    'a session can be read back',
    'an unknown id reads as an empty string',
  ]),
  'lessons/01-store/schema.sql':
    'CREATE TABLE sessions (id int auto_increment not null primary key, d text, updated int)',
  'lessons/01-store/sessions.ts': classWith('', empty),
  'lessons/01-store/sessions.test.ts': testsWith(`
test('a session can be read back', async () => {
  await handler.open('', 'MySession');
  await store('1', 'one');
  assert.equal(await handler.read('1'), 'one');
});

test('an unknown id reads as an empty string', async () => {
  await handler.open('', 'MySession');
  assert.equal(await handler.read('404'), '');
});
`),

  'lessons/02-exact/README.md': '---\ntitle: "2. Exact"\n---\n',
  'lessons/02-exact/lesson.json': lessonJson('fix', ['only the exact id reads a session']),
  'lessons/02-exact/sessions.ts': classWith(exact, empty),
  'lessons/02-exact/sessions.test.ts': testsWith(`
await handler.open('', 'MySession');
test('only the exact id reads a session', async () => {
  await store('1', 'one');
  assert.equal(await handler.read('1abc'), '');
});
test('the exact id still reads', async () => {
  assert.equal(await handler.read('1'), 'one');
});
`),
  'lessons/02-exact/attack.ts': `
import { type Attack, breached, held } from '#bench';

export const attack: Attack = async ({ handler, store, say }) => {
  await handler.open('', 'MySession');
  await store('1', 'secret');
  say('the cookie says 1abc');
  const data = await handler.read('1abc');
  return data === 'secret' ? breached('1abc reads session 1') : held('1abc reads nothing');
};
`,
  'lessons/02-exact/undo.patch': `--- lessons/03-strict/sessions.ts
+++ lessons/03-strict/sessions.ts without lesson 02
@@ -12,6 +12,5 @@
   static async Read(sid: string): Promise<string> {
-    ${exact}
     const [rows] = await Sessions.Db!.execute<RowDataPacket[]>('SELECT d FROM sessions WHERE id=?', [sid]);
     const [row] = rows;
     if (!row) ${refuse}
     return row['d'];
`,
  'lessons/02-exact/wrong/parse-int.patch': `caught by: "only the exact id reads a session"

--- lessons/02-exact/sessions.ts
+++ lessons/02-exact/wrong/parse-int
@@ -12,5 +12,5 @@
   static async Read(sid: string): Promise<string> {
-    ${exact}
+    sid = String(Number.parseInt(sid, 10));
     const [rows] = await Sessions.Db!.execute<RowDataPacket[]>('SELECT d FROM sessions WHERE id=?', [sid]);
     const [row] = rows;
     if (!row) ${empty}
`,

  'lessons/03-strict/README.md': '---\ntitle: "3. Strict"\n---\n',
  'lessons/03-strict/lesson.json': lessonJson(
    'fix',
    ['an unknown id is refused'],
    [{ test: 'an unknown id reads as an empty string', why: 'it is refused from now on' }],
  ),
  'lessons/03-strict/sessions.ts': classWith(exact, refuse),
  'lessons/03-strict/sessions.test.ts': testsWith(`
await handler.open('', 'MySession');
test('an unknown id is refused', async () => {
  await assert.rejects(async () => handler.read('404'), /unknown session/);
});
`),
};

/**
 * Makes the workshop in a temporary folder.
 *
 * @returns The workshop; `remove` deletes it.
 */
export function makeWorkshop(): Workshop {
  const directory = mkdtempSync(join(tmpdir(), 'phpsessid-fixture-'));
  const write = (path: string, text: string): void => {
    const target = join(directory, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  };
  for (const [path, text] of Object.entries(files)) write(path, text);
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'), 'junction');
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  return {
    directory,
    write,
    edit(path, from, to) {
      const target = join(directory, path);
      const before = readFileSync(target, 'utf8');
      const after = before.replace(from, to);
      if (after === before) throw new Error(`${path} does not contain ${from}`);
      writeFileSync(target, after);
    },
    lessons() {
      const lessons = readLessons(join(directory, 'lessons'));
      const sessions = {
        mine: './lessons/mine/sessions.ts',
        ...Object.fromEntries(lessons.flatMap((lesson) => conditionsOf(directory, lesson))),
        default: './missing.ts',
      };
      const imports = { '#bench': './bench.ts', '#php': './php.ts', '#sessions': sessions };
      write('package.json', JSON.stringify({ type: 'module', imports }));
      return lessons;
    },
    remove,
  };
}

function conditionsOf(directory: string, { condition, files: { class: path }, wrong }: Lesson) {
  const relative = (file: string) => `.${file.slice(directory.length).replaceAll('\\', '/')}`;
  return [
    [condition, relative(path)],
    ...wrong.map((each) => [each.condition, relative(each.path)]),
  ] as [string, string][];
}

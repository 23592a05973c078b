/** The first step of every command: where it must stop, and where it must continue. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { root } from '../../src/workshop/course/catalogue.ts';

const OWN = [
  'setup.mjs',
  'machine/npm.mjs',
  'machine/hooks.mjs',
  'machine/strip-types.mjs',
  'machine/strip-types-hook.mjs',
  'course/patches.mjs',
];

const engines = { node: '>=20.19.0' };

const directory = mkdtempSync(join(tmpdir(), 'phpsessid-setup-'));
after(() => rmSync(directory, { recursive: true, force: true }));

/** Runs the set-up in a checkout that holds nothing but its own files and the given ones. */
function setUp(
  name: string,
  manifest: object,
  {
    packages = join(directory, 'packages'),
    files = {} as Record<string, string>,
    args = [] as string[],
  } = {},
): { said: string; code: number | null } {
  const checkout = join(directory, name);
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(checkout, file)), { recursive: true });
    writeFileSync(join(checkout, file), text);
  };
  for (const file of OWN) {
    mkdirSync(dirname(join(checkout, 'src/workshop', file)), { recursive: true });
    copyFileSync(join(root, 'src/workshop', file), join(checkout, 'src/workshop', file));
  }
  write('package.json', JSON.stringify(manifest));
  write('package-lock.json', '{}');
  // Older than the record of any installation, so that the linked packages count as current.
  if (packages === join(root, 'node_modules'))
    utimesSync(join(checkout, 'package-lock.json'), 0, 0);
  for (const [file, text] of Object.entries(files)) write(file, text);
  symlinkSync(packages, join(checkout, 'node_modules'), 'junction');
  const program = join(checkout, 'src/workshop/setup.mjs');
  const { stderr, status } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
  return { said: stderr, code: status };
}

mkdirSync(join(directory, 'packages/somebody-elses'), { recursive: true });

test('the packages of another checkout are not emptied', () => {
  const { said, code } = setUp('linked', { engines });
  assert.match(said, /^node_modules is a link.*Remove the link/);
  assert.equal(code, 1);
  assert.deepEqual(readdirSync(join(directory, 'packages')), ['somebody-elses']);
});

test('a Node that is too old gets an error with the version needed', () => {
  const { said, code } = setUp('old', { engines: { node: '>=99.1.0' } });
  assert.match(said, /^This is Node [\d.]+; the workshop needs 99\.1 or newer/);
  assert.equal(code, 1);
});

test('wrong fixes are made, and a patch that does not apply stops no command', () => {
  const patch = (from: string) =>
    `caught by: "a test"\n\n--- a\n+++ b\n@@ -1 +1 @@\n-${from}\n+new\n`;
  const { said, code } = setUp(
    'patched',
    { engines },
    {
      packages: join(root, 'node_modules'),
      files: {
        'lessons/01-one/sessions.ts': 'old\n',
        'lessons/01-one/wrong/good.patch': patch('old'),
        'lessons/01-one/wrong/stale.patch': patch('older'),
      },
    },
  );
  assert.match(said, /^lessons\/01-one\/wrong\/stale\.patch no longer applies to lessons\/01-one/);
  assert.equal(code, 0);
  assert.deepEqual(readdirSync(join(directory, 'patched/lessons/01-one/made')), ['good.ts']);
});

test('a folder that cannot be written stops no command', () => {
  const { said, code } = setUp(
    'unwritable',
    { engines },
    {
      packages: join(root, 'node_modules'),
      files: {
        'lessons/01-one/sessions.ts': 'old\n',
        'lessons/01-one/wrong/good.patch': '--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new\n',
        'lessons/01-one/made': 'a file in the place of the folder',
      },
    },
  );
  assert.match(said, /^The wrong fixes could not be made: E/);
  assert.equal(code, 0);
});

test('every command of package.json that is a program of ours names one', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const programs = Object.values(scripts).flatMap(
    (script) => script.match(/\S+\.(?:ts|mjs)/g) ?? [],
  );
  assert.ok(programs.includes('test/run.ts'));
  assert.deepEqual(
    programs.filter((path) => !existsSync(join(root, path))),
    [],
  );
});

test('the program of the first argument runs with the arguments after it', () => {
  const program = 'const [, , ...words]: string[] = process.argv;\nconsole.error(words);\n';
  const { said, code } = setUp(
    'program',
    { type: 'module', engines },
    {
      packages: join(root, 'node_modules'),
      files: { 'lessons/.keep': '', 'src/program.ts': program },
      args: ['src/program.ts', 'one', '--two'],
    },
  );
  assert.equal(said, "[ 'one', '--two' ]\n");
  assert.equal(code, 0);
});

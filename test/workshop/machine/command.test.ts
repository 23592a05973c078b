/** Wrong command lines of the programs that are no part of a lesson. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { root } from '../../../src/workshop/course/catalogue.ts';
import { stripTypes } from '../../../src/workshop/machine/program.ts';

function run(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...stripTypes, `src/workshop/${program}/main.ts`, ...args],
    { cwd: root, env: { ...process.env, ...env }, encoding: 'utf8' },
  );
  return { code: status, out: stdout, err: stderr };
}

for (const program of ['board', 'fuzz', 'matrix']) {
  test(`${program}: an unknown option is named with the remedy`, () => {
    assert.deepEqual(run(program, ['--bogus']), {
      code: 2,
      out: '',
      err: `Unknown option '--bogus'. npm run ${program} -- --help names the options.\n`,
    });
  });
}

test('a file to save a run in is refused before the run if its folder does not exist', () => {
  for (const program of ['board', 'matrix']) {
    const { code, err } = run(program, ['--save', 'no-folder/run.json']);
    assert.equal(code, 2);
    assert.equal(err, '--save: there is no folder no-folder; make it, or name another\n');
  }
});

test('an option that npm has kept is named, and nothing is run', () => {
  // As of `npm run matrix --lesson 3`.
  const { code, err } = run('matrix', ['3'], { npm_config_lesson: 'true' });
  assert.equal(code, 2);
  assert.match(err, /^npm has kept --lesson for itself\..* npm run matrix -- --lesson$/m);
});

test('bench: a wrong command line is refused once, before the first benchmark', () => {
  for (const [args, message] of [
    [
      '--bogus',
      /^Without a name all benchmarks run, .* got "--bogus"\.\n {2}npm run bench -- serialize/,
    ],
    ['nonsense', /^There is no benchmark "nonsense"\. There are:/],
    ['constructor', /^There is no benchmark "constructor"\. There are:/],
    ['gc store --bogus', /^Unknown option '--bogus'\n\nnpm run bench -- gc (?!.*-- store \[)/s],
  ] as const) {
    const { code, out, err } = run('measure', args.split(' '));
    assert.deepEqual([code, out], [2, ''], args);
    assert.match(err, message);
  }
});

/** Rule 7: what is committed is enough for a learner's third lesson. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { root } from '../../../src/workshop/course/catalogue.ts';
import { obtainServer } from '../../../src/workshop/machine/database/server.ts';
import { stripTypes } from '../../../src/workshop/machine/program.ts';
import type { Matrix } from '../../../src/workshop/matrix/run.ts';

const run = promisify(execFile);
const server = await obtainServer();
const directory = mkdtempSync(join(tmpdir(), 'phpsessid-clone-'));
after(async () => {
  rmSync(directory, { recursive: true, force: true });
  await server.close();
});

const skip = existsSync(join(root, '.git')) ? false : 'this folder is not a git clone';

test('a fresh clone keeps what lesson 3 promises', { skip }, async () => {
  const clone = join(directory, 'clone');
  await run('git', ['clone', '--quiet', '--depth', '1', `file://${root}`, clone]);
  // The packages are those of the lock file here as well: `npm ci` in a clone is .ci/run's matter.
  symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'), 'junction');
  const { stdout } = await run(
    process.execPath,
    [...stripTypes, 'src/workshop/matrix/main.ts', '--lesson', '3', '--json'],
    { cwd: clone, env: { ...process.env, WORKSHOP_DATABASE: server.url } },
  );
  const { broken, lessons, observed } = JSON.parse(stdout) as Matrix;
  assert.deepEqual(broken, []);
  assert.deepEqual(lessons, ['03']);
  assert.deepEqual(
    observed.classes.map(({ condition }) => condition),
    ['lesson-02', 'lesson-03'],
  );
});

/** The first step of every command, where it must not go on. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { root } from '../../src/workshop/course/catalogue.ts';

const directory = mkdtempSync(join(tmpdir(), 'phpsessid-setup-'));
after(() => rmSync(directory, { recursive: true, force: true }));

/** A checkout with nothing but what the set-up reads, and what it said when it was run. */
function setUp(name: string, manifest: object): { said: string; code: number | null } {
  const checkout = join(directory, name);
  mkdirSync(join(checkout, 'src/workshop/machine'), { recursive: true });
  for (const file of ['src/workshop/setup.mjs', 'src/workshop/machine/npm.mjs']) {
    copyFileSync(join(root, file), join(checkout, file));
  }
  writeFileSync(join(checkout, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(checkout, 'package-lock.json'), '{}');
  symlinkSync(join(directory, 'packages'), join(checkout, 'node_modules'), 'junction');
  const program = join(checkout, 'src/workshop/setup.mjs');
  const { stderr, status } = spawnSync(process.execPath, [program], { encoding: 'utf8' });
  return { said: stderr, code: status };
}

mkdirSync(join(directory, 'packages/somebody-elses'), { recursive: true });

test('the packages of another checkout are not emptied', () => {
  const { said, code } = setUp('linked', { engines: { node: '>=20.19.0' } });
  assert.match(said, /^node_modules is a link.*Remove the link/);
  assert.equal(code, 1);
  assert.deepEqual(readdirSync(join(directory, 'packages')), ['somebody-elses']);
});

test('a Node that is too old is told which one is wanted', () => {
  const { said, code } = setUp('old', { engines: { node: '>=99.1.0' } });
  assert.match(said, /^This is Node [\d.]+; the workshop needs 99\.1 or newer/);
  assert.equal(code, 1);
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../../../src/workshop/course/catalogue.ts';
import { stripTypes } from '../../../src/workshop/machine/program.ts';

test('the weave explains its use', () => {
  const { status, stdout } = weave('--help');
  assert.equal(status, 0);
  assert.match(stdout, /--check/);
});

test('an option that the weave does not know is refused', () => {
  const { status, stderr } = weave('--chekc');
  assert.equal(status, 2);
  assert.match(stderr, /--chekc/);
});

test('a page that is not there is refused with those that are', () => {
  const { status, stderr } = weave('--check', 'lessons/99');
  assert.equal(status, 2);
  assert.match(
    stderr,
    /No page begins with "lessons\/99"\. There are:\n {2}lessons\/00-the-article/,
  );
});

test('one page is checked by its name', () => {
  const { status, stdout } = weave('--check', 'docs/decisions.md');
  assert.equal(status, 0);
  assert.equal(stdout, '✔ 1 page is as its sources say\n');
});

function weave(...options: string[]) {
  return spawnSync(
    process.execPath,
    [...stripTypes, join(root, 'src/workshop/site/weave.ts'), ...options],
    { cwd: root, encoding: 'utf8' },
  );
}

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
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

test('builds that put the site in place at the same moment leave one whole site', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'phpsessid-place-'));
  const program = new URL('../../../src/workshop/site/put-in-place.ts', import.meta.url).href;
  const replace = `
    import { putInPlace } from ${JSON.stringify(program)};
    process.stdout.write('ready');
    process.stdin.once('data', () => {
      for (let turn = 1; turn <= 50; turn += 1) putInPlace(process.argv[1], process.argv[2]);
      process.exit();
    });`;
  try {
    const builds = ['one', 'other'].map((name) => {
      const draft = join(folder, name);
      mkdirSync(draft);
      for (const page of ['index', 'a', 'b']) writeFileSync(join(draft, `${page}.html`), name);
      const options = ['--input-type=module', '-e', replace, draft, join(folder, 'site')];
      return spawn(process.execPath, [...stripTypes, ...options]);
    });
    await Promise.all(builds.map(({ stdout }) => once(stdout, 'data')));
    const ends = builds.map((build) => once(build, 'exit'));
    for (const { stdin } of builds) stdin.write('go');
    for (const [code] of await Promise.all(ends)) assert.equal(code, 0);
    assert.deepEqual(readdirSync(folder).sort(), ['one', 'other', 'site']);
    const pages = readdirSync(join(folder, 'site'));
    const texts = pages.map((page) => readFileSync(join(folder, 'site', page), 'utf8'));
    assert.equal(pages.length, 3);
    assert.equal(new Set(texts).size, 1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function weave(...options: string[]) {
  return spawnSync(
    process.execPath,
    [...stripTypes, join(root, 'src/workshop/site/weave.ts'), ...options],
    { cwd: root, encoding: 'utf8' },
  );
}

/** The workshop's folder for files when the wanted one cannot be used. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { root } from '../../../src/workshop/course/catalogue.ts';
import { cacheFolder } from '../../../src/workshop/machine/cache.ts';
import { stripTypes } from '../../../src/workshop/machine/program.ts';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'phpsessid-cache-'));
});
after(() => rmSync(folder, { recursive: true }));

/** A start in a child process, which ends as soon as it has a server. */
function start(environment: NodeJS.ProcessEnv): string {
  const program = `
    import { obtainServer } from ${JSON.stringify(join(root, 'src/workshop/machine/database/server.ts'))};
    obtainServer({ progress: (line) => console.log(line) }).then(
      (server) => server.close(),
      (error) => console.log('failed ' + error.message),
    );`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [...stripTypes, '--input-type=module', '--eval', program],
    {
      cwd: root,
      env: { PATH: process.env['PATH'], ...environment },
      encoding: 'utf8',
    },
  );
  return stdout + stderr;
}

/** A temporary folder in which fetched programs are found already. */
function temporary(name: string): { path: string; own: string } {
  const path = join(folder, name);
  const own = join(path, `phpsessid-${process.getuid?.()}`);
  mkdirSync(own, { recursive: true, mode: 0o700 });
  for (const shared of ['packages', 'templates']) {
    symlinkSync(join(cacheFolder(), shared), join(own, shared));
  }
  return { path, own };
}

test('a cache that cannot be written is replaced by the temporary folder, with a message', () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const { path, own } = temporary('one');
  const output = start({ PHPSESSID_CACHE: join(file, 'cache'), TMPDIR: path });
  assert.match(
    output,
    new RegExp(`cache: ${file}/cache cannot be used \\(ENOTDIR\\); using ${own}`),
  );
  assert.match(output, /database: ready/);
});

/** The folder of a start whose cache cannot be used. */
function placeInstead(path: string): string {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const program = `
    import { cacheFolder } from ${JSON.stringify(join(root, 'src/workshop/machine/cache.ts'))};
    console.log(cacheFolder());`;
  const { stdout } = spawnSync(
    process.execPath,
    [...stripTypes, '--input-type=module', '--eval', program],
    {
      cwd: root,
      env: { PATH: process.env['PATH'], PHPSESSID_CACHE: join(file, 'cache'), TMPDIR: path },
      encoding: 'utf8',
    },
  );
  return stdout.trim();
}

test('a temporary folder that others may write to, and a link to another, is not trusted', () => {
  const { path, own } = temporary('two');
  chmodSync(own, 0o777);
  const first = placeInstead(path);
  assert.match(first, /two\/phpsessid-\w{6}$/);
  assert.ok(existsSync(first));
  rmSync(own, { recursive: true });
  symlinkSync(first, own);
  assert.match(placeInstead(path), /two\/phpsessid-\w{6}$/);
});

test('runs that do not fit in the cache go to the temporary folder, with a message', () => {
  const cache = join(folder, 'cache');
  mkdirSync(cache);
  for (const shared of ['packages', 'templates']) {
    symlinkSync(join(cacheFolder(), shared), join(cache, shared));
  }
  writeFileSync(join(cache, 'runs'), 'no folder can be made here');
  const { path, own } = temporary('three');
  const output = start({ PHPSESSID_CACHE: cache, TMPDIR: path });
  assert.match(output, new RegExp(`database: ${cache}/runs: .*; using ${own}/runs instead`));
  assert.match(output, /database: ready/);
});

test('a lack of space everywhere gives one error with the folders and the remedy', () => {
  const cache = join(folder, 'full');
  mkdirSync(cache);
  const { path, own } = temporary('four');
  for (const shared of ['packages', 'templates']) {
    symlinkSync(join(cacheFolder(), shared), join(cache, shared));
  }
  for (const place of [cache, own]) writeFileSync(join(place, 'runs'), '');
  const output = start({ PHPSESSID_CACHE: cache, TMPDIR: path });
  const message = output.slice(output.indexOf('failed '));
  assert.doesNotMatch(message, /Install one/, 'another server would not help');
  for (const part of [
    `${cache}/runs`,
    `${own}/runs`,
    'set PHPSESSID_CACHE to a folder with space',
  ]) {
    assert.ok(message.includes(part), `${part} in ${message}`);
  }
});

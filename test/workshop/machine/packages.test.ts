/** Packages fetched without root and without the system's lists, from a mirror on this disk. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { root } from '../../../src/workshop/course/catalogue.ts';
import { canFetchPackages } from '../../../src/workshop/machine/apt.ts';
import { stripTypes } from '../../../src/workshop/machine/program.ts';

const skip = canFetchPackages() ? false : 'this system has no apt-get';
const nobody = 65534;

let folder: string;
let cache: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'phpsessid-apt-'));
  chmodSync(folder, 0o755);
  if (skip) return;
  const mirror = join(folder, 'mirror');
  mkdirSync(mirror);
  pack(mirror, 'phpsessid-library', '');
  pack(mirror, 'phpsessid-program', 'phpsessid-library');
  writeFileSync(
    join(mirror, 'Packages'),
    readdirSync(mirror)
      .map((file) => describe(join(mirror, file), file))
      .join('\n'),
  );
  // This machine's apt as on a new machine: apt knows a mirror and has never read its lists.
  mkdirSync(join(folder, 'state/lists/partial'), { recursive: true });
  writeFileSync(join(folder, 'sources.list'), `deb [trusted=yes] file:${mirror} ./\n`);
  writeFileSync(
    join(folder, 'apt.conf'),
    `Dir::Etc::sourcelist "${join(folder, 'sources.list')}";
     Dir::Etc::sourceparts "/nowhere";
     Dir::State "${join(folder, 'state')}";
     Dir::State::status "/var/lib/dpkg/status";`,
  );
  cache = join(folder, 'cache');
  mkdirSync(cache);
  if (process.getuid?.() === 0) chownSync(cache, nobody, nobody);
});
after(() => rmSync(folder, { recursive: true }));

/** A package that holds one file. */
function pack(mirror: string, name: string, needs: string): void {
  const content = join(folder, name);
  mkdirSync(join(content, 'DEBIAN'), { recursive: true });
  mkdirSync(join(content, 'usr/share'), { recursive: true });
  writeFileSync(join(content, 'usr/share', name), `this is ${name}`);
  const depends = needs === '' ? '' : `Depends: ${needs}\n`;
  writeFileSync(
    join(content, 'DEBIAN/control'),
    `Package: ${name}\nVersion: 1\nArchitecture: all\nMaintainer: x <x@localhost>\n${depends}Description: x\n`,
  );
  execFileSync('dpkg-deb', ['--build', content, join(mirror, `${name}_1_all.deb`)]);
}

/** A package's entry in the mirror's list. */
function describe(path: string, file: string): string {
  const control = execFileSync('dpkg-deb', ['--field', path], { encoding: 'utf8' });
  const sum = createHash('sha256').update(readFileSync(path)).digest('hex');
  return `${control}Filename: ./${file}\nSize: ${statSync(path).size}\nSHA256: ${sum}\n`;
}

/** fetchPackages() in a child process, as an ordinary user if the tests run as root. */
function fetch(name: string): string {
  const program = `
    import { fetchPackages } from ${JSON.stringify(join(root, 'src/workshop/machine/apt.ts'))};
    const progress = (line) => console.log(line);
    fetchPackages([${JSON.stringify(name)}], { progress }).then(
      (folder) => console.log('folder ' + folder),
      (error) => console.log('failed ' + error.message),
    );`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [...stripTypes, '--input-type=module', '--eval', program],
    {
      cwd: root,
      env: {
        PATH: process.env['PATH'],
        PHPSESSID_CACHE: cache,
        APT_CONFIG: join(folder, 'apt.conf'),
      },
      ...(process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {}),
      encoding: 'utf8',
    },
  );
  return stdout + stderr;
}

test('are read from the mirror’s own lists, with what they depend on, and only once', {
  skip,
}, () => {
  const first = fetch('phpsessid-program');
  assert.match(first, /reading the lists of the package mirror/);
  assert.match(first, /fetching phpsessid-library, phpsessid-program/);
  const unpacked = /^folder (.*)$/m.exec(first)?.[1] ?? first;
  assert.deepEqual(readdirSync(join(unpacked, 'usr/share')).sort(), [
    'phpsessid-library',
    'phpsessid-program',
  ]);
  assert.equal(fetch('phpsessid-program'), `folder ${unpacked}\n`);
});

test('that do not exist are refused in apt’s words, and leave nothing', { skip }, () => {
  assert.match(fetch('phpsessid-nothing'), /failed apt-get: E: Unable to locate package/);
  const [release = ''] = readdirSync(join(cache, 'packages'));
  assert.deepEqual(readdirSync(join(cache, 'packages', release)), ['phpsessid-program']);
});

test('of a mirror that is away are refused with the reason', { skip }, () => {
  const [mirror, away] = [join(folder, 'mirror'), join(folder, 'away')];
  rmSync(join(cache, 'apt'), { recursive: true });
  renameSync(mirror, away);
  const failed = fetch('phpsessid-library');
  renameSync(away, mirror);
  assert.match(failed, /failed apt-get: E: .*The package mirror cannot be read: file:.*not found/s);
});

test('leave the system’s own lists alone', { skip }, () => {
  assert.deepEqual(readdirSync(join(folder, 'state/lists')), ['partial']);
  assert.equal(existsSync('/usr/share/phpsessid-program'), false);
});

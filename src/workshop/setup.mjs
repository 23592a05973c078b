/**
 * The first step of every command: checks Node, installs the packages of the lock file, makes the
 * wrong fixes from their patches, and then loads the program that its first argument names.
 *
 * Plain JavaScript without a dependency: it runs before any is installed, and Node 20 cannot read
 * TypeScript. Other programs (database, PHP) are fetched later, by the commands that need them.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { npm } from './machine/npm.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const LINKED =
  'node_modules is a link, and its packages are not those of this package-lock.json. ' +
  'Remove the link and try again, or run npm ci where it leads.';
const QUIETLY = ['--no-audit', '--no-fund', '--loglevel=error'];
/** npm waits up to a minute between its tries: two minutes, before it says that there is no network. */
const BRIEFLY = ['--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=3000'];
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

checkNode();
if (!packagesAreCurrent()) {
  // npm ci empties the folder it finds, and this one belongs to another checkout.
  if (isLink(join(root, 'node_modules'))) stop(LINKED);
  installPackages();
  await prepareTypeCheck();
}
await makeWrongFixes();
const [program] = process.argv.splice(2, 1);
if (program !== undefined) {
  await loadTypeScript();
  await import(pathToFileURL(join(root, program)).href);
}

function checkNode() {
  const wanted = /(\d+)\.(\d+)/.exec(manifest.engines.node);
  const running = /(\d+)\.(\d+)/.exec(process.versions.node);
  const older = Number(running[1]) - Number(wanted[1]) || Number(running[2]) - Number(wanted[2]);
  if (older >= 0) return;
  stop(
    `This is Node ${process.versions.node}; the workshop needs ${wanted[0]} or newer. ` +
      'Node 24 is a good choice: https://nodejs.org/',
  );
}

function isLink(path) {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

/** npm writes its record last: a record older than the lock file belongs to another lock file. */
function packagesAreCurrent() {
  const record = join(root, 'node_modules/.package-lock.json');
  return (
    existsSync(record) &&
    statSync(record).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs
  );
}

function installPackages() {
  const began = Date.now();
  console.log('packages: installing those of package-lock.json …');
  const [program, ...first] = npm();
  const result = spawnSync(program, [...first, 'ci', ...QUIETLY, ...BRIEFLY], {
    cwd: root,
    stdio: 'inherit',
  });
  if (result.error) {
    stop(`npm could not be started (${result.error.message}). Run npm ci by hand, then try again.`);
  }
  if (result.signal) process.exit(130);
  if (result.status !== 0) {
    stop(
      'npm ci failed, see above. Is the package registry reachable, and may this user write ' +
        `to ${root}?`,
    );
  }
  console.log(`packages: ready after ${((Date.now() - began) / 1000).toFixed(1)} s`);
}

async function loadTypeScript() {
  const tsx = await import('tsx/esm/api');
  return tsx.register();
}

/** Without it each lesson's first type check takes two seconds more, and nothing else is missing. */
async function prepareTypeCheck() {
  const unload = await loadTypeScript();
  try {
    const { makeSnapshot } = await import('./runner/types-snapshot.ts');
    await makeSnapshot();
  } catch (error) {
    console.error(error.message);
  } finally {
    await unload();
  }
}

/** Only reports a problem: `npm test` and the matrix fail because of it, a learner can continue. */
async function makeWrongFixes() {
  const patches = await import('./course/patches.mjs');
  try {
    for (const { problem } of patches.makeWrongFixes()) console.error(problem);
  } catch (error) {
    console.error(`The wrong fixes could not be made: ${error.message}`);
  }
}

function stop(reason) {
  console.error(reason);
  process.exit(1);
}

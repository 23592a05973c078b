/** The documentation's pages while a build of it runs, fails or has ended. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import {
  copyProject,
  database,
  endAll,
  isAlive,
  startWorkshop,
  until,
  type Workshop,
} from './workshop.ts';

const server = await database();
const project = copyProject();
const [site = '', gate = '', started = ''] = ['docs/site/index.html', 'gate', 'started'].map(
  (path) => join(project.folder, path),
);
afterEach(async () => {
  await endAll();
  rmSync(gate, { force: true });
});
after(async () => {
  await server.close();
  project.remove();
});

/** A build that ends as soon as the test says how. */
writeFileSync(
  join(project.folder, 'src/workshop/site/docs.ts'),
  `import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
  writeFileSync(${JSON.stringify(started)}, String(process.pid));
  while (!existsSync(${JSON.stringify(gate)})) await new Promise((go) => setTimeout(go, 20));
  const fault = readFileSync(${JSON.stringify(gate)}, 'utf8');
  console.error(fault);
  if (fault !== '') process.exit(1);
  mkdirSync('docs/site', { recursive: true });
  writeFileSync('docs/site/index.html', '<h1>The built site</h1>');`,
);

function put(path: string, text: string): void {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
}

async function documentation({ address }: Workshop): Promise<Response & { page: string }> {
  const answer = await fetch(`${address}/docs/`);
  return Object.assign(answer, { page: await answer.text() });
}

const start = (): Promise<Workshop> => startWorkshop(server.url, project.folder, []);

test('a missing site is built in the background, and its page loads itself again meanwhile', async () => {
  const lab = await start();
  // Nothing else is printed, such as a package's warning about the missing folder.
  assert.match(lab.output(), /^(?:(?:database|lab|documentation)\b.*\n)+$/);
  const building = await documentation(lab);
  assert.equal(building.status, 503);
  assert.equal(building.headers.get('refresh'), '2');
  assert.match(
    building.page,
    /The documentation is being built[\s\S]*about 20 s; \d+ s have passed/,
  );
  put(gate, '');
  await until(() => lab.output().includes('documentation: ready'), 'the site');
  const built = await documentation(lab);
  assert.equal(built.status, 200);
  assert.match(built.page, /The built site/);
});

test('a site that is newer than its sources is not built again, an older one is', async () => {
  put(gate, '');
  put(site, '<h1>The site of before</h1>');
  const later = new Date(Date.now() + 60_000);
  utimesSync(site, later, later);
  const lab = await start();
  assert.match((await documentation(lab)).page, /The site of before/);
  assert.doesNotMatch(lab.output(), /documentation:/);
  await lab.end();
  utimesSync(site, 0, 0);
  const next = await start();
  await until(() => next.output().includes('documentation: ready'), 'the site');
  assert.match((await documentation(next)).page, /The built site/);
});

test('the errors of a build are on the page', async () => {
  put(gate, '✘ docs/index.md: a link leads to <nowhere>');
  utimesSync(site, 0, 0);
  const lab = await start();
  await until(() => lab.output().includes('could not be built'), 'the end of the build');
  const { status, page } = await documentation(lab);
  assert.equal(status, 500);
  assert.match(
    page,
    /could not be built[\s\S]*<pre>✘ docs\/index\.md: a link leads to &#60;nowhere/,
  );
});

test('the end of the lab ends a build', async () => {
  utimesSync(site, 0, 0);
  rmSync(started);
  const lab = await start();
  await until(() => existsSync(started) && readFileSync(started, 'utf8') !== '', 'the build');
  const build = Number(readFileSync(started, 'utf8'));
  assert.ok(isAlive(build));
  assert.equal(await lab.end(), 0);
  await until(() => !isAlive(build), 'the end of the build');
});

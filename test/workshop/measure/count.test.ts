/** Statements counted for classes whose number is known, and short runs of whole benchmarks. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { readLessons, root } from '../../../src/workshop/course/catalogue.ts';
import {
  type DatabaseServer,
  obtainServer,
} from '../../../src/workshop/machine/database/server.ts';
import { stripTypes } from '../../../src/workshop/machine/program.ts';
import type { GcNumbers } from '../../../src/workshop/measure/gc/gc.ts';
import {
  type Contender,
  contenderNames,
  findContenders,
} from '../../../src/workshop/measure/lessons/contenders.ts';
import { countStatements } from '../../../src/workshop/measure/lessons/count.ts';
import type { Numbers } from '../../../src/workshop/measure/lessons/numbers.ts';
import type { StoreNumbers } from '../../../src/workshop/measure/store/store.ts';
import type { WebNumbers } from '../../../src/workshop/measure/web/web.ts';

const lessons = readLessons();
let server: DatabaseServer;

before(async () => {
  server = await obtainServer();
});
after(() => server.close());

function find(name: string): Contender {
  const found = findContenders(lessons, undefined).find((each) => each.name === name);
  assert.ok(found);
  return found;
}

async function schemaOf({ schemaSql }: Contender): Promise<string> {
  const { url } = await server.createSchema('counted');
  const connection = await createConnection({ uri: url, multipleStatements: true });
  if (schemaSql !== undefined) await connection.query(schemaSql);
  await connection.end();
  return url;
}

test("the article's class sends three statements, on a separate connection", async () => {
  const contender = find('lesson-05');
  const { count } = await countStatements(contender, await schemaOf(contender));
  assert.deepEqual(count, { statements: 3, connections: 1 });
});

test('the upsert sends two, on a connection that is there', async () => {
  const contender = find('lesson-10');
  const { count } = await countStatements(contender, await schemaOf(contender));
  assert.deepEqual(count, { statements: 2, connections: 0 });
});

test('a page that fails is an error that names the contender and the response', async () => {
  const contender = find('lesson-10');
  const { url } = await server.createSchema('notable');
  await assert.rejects(countStatements(contender, url), /^Error: lesson-10 answers \/ with 500/);
});

test('every lesson that has a page takes part, with PHP and Express', () => {
  const names = contenderNames(lessons);
  assert.deepEqual(
    [names[0], ...names.slice(-4)],
    ['lesson-05', 'php-files', 'php-article', 'php-twin', 'express'],
  );
  assert.equal(names.length, lessons.filter(({ number }) => number >= 5).length + 4);
});

const run = promisify(execFile);
const benchOn = (database: string | undefined, ...args: string[]): ReturnType<typeof run> =>
  run(process.execPath, [...stripTypes, 'src/workshop/measure/main.ts', ...args], {
    cwd: root,
    env: { ...process.env, WORKSHOP_DATABASE: database },
  });
const bench = (...args: string[]): ReturnType<typeof run> => benchOn(server.url, ...args);

test('a short run measures each page of each contender, and gets right responses', async () => {
  const only = 'lesson-18,express';
  const options = ['--rounds', '1', '--seconds', '0.2', '--clients', '2', '--json'];
  const { stdout, stderr } = await bench('lessons', ...options, '--only', only);
  const { rows, run: plan } = JSON.parse(String(stdout)) as Numbers;
  assert.deepEqual(plan, { rounds: 1, seconds: 0.2, clients: 2 });
  assert.deepEqual(
    rows.map(({ name }) => name),
    ['lesson-18', 'express'],
  );
  for (const { pages } of rows) {
    for (const { perSecond, failed } of Object.values(pages)) {
      assert.ok(perSecond.median > 0);
      assert.equal(failed, 0);
    }
  }
  assert.match(String(stderr), /round 1 of 1/);
});

test("the benchmark of PHP's layer measures each page, and gets right responses", async () => {
  const { stdout, stderr } = await bench('php', '--rounds', '1', '--seconds', '0.1', '--json');
  const { rows } = JSON.parse(String(stdout)) as WebNumbers;
  assert.deepEqual(
    rows.map(({ name }) => name),
    ['node', 'express-session', 'php-node', 'php-express', 'php-files'],
  );
  for (const { perSecond } of rows) assert.ok((perSecond?.median ?? 0) > 0);
  assert.doesNotMatch(String(stderr), /not every response was right/);
});

test('the benchmark of the store counts statements, and loses no change of a hot session', async () => {
  const only = ['--only', 'change-1,change-16,hot'];
  const options = ['--rounds', '1', '--seconds', '0.2', '--json', ...only];
  // The benchmark reads the server's count of statements, so no other test file may use that server.
  const { stdout } = await benchOn(undefined, 'store', ...options);
  const { rows } = JSON.parse(String(stdout)) as StoreNumbers;
  const find = (table: string, name: string) =>
    rows.find((row) => row.table === table && row.name === name);
  const rounded = (row: { statements: number } | undefined) => Math.round(row?.statements ?? 0);
  assert.equal(rounded(find('change-1', 'mysql2')), 4);
  assert.equal(rounded(find('change-1', 'ours')), 2);
  assert.ok((find('change-16', 'ours')?.statements ?? 1) < 1, 'saved in batches');
  const lost = ['mysql2', 'express', 'ours'].map((name) => (find('hot', name)?.lost ?? 1) > 0);
  assert.deepEqual(lost, [false, true, false]);
});

test('the benchmark of gc finds no expired session after our deletion', async () => {
  const options = ['--rounds', '1', '--sessions', '2000', '--json', '--only', 'ours'];
  const { stdout } = await bench('gc', ...options);
  const { rows, expired } = JSON.parse(String(stdout)) as GcNumbers;
  assert.equal(expired, 2000);
  const [{ name, perSecond, p99, worst } = {}] = rows;
  assert.equal(name, 'ours');
  assert.ok((perSecond?.median ?? 0) > 0);
  assert.ok((worst?.median ?? 0) >= (p99?.median ?? Number.POSITIVE_INFINITY));
});

test('an unknown benchmark is refused with a list of all', async () => {
  await assert.rejects(bench('lesson'), (error: Error & { code: number; stderr: string }) => {
    assert.equal(error.code, 2);
    assert.match(error.stderr, /^There is no benchmark "lesson"\. There are:\n.+serialize/);
    return true;
  });
});

test('a name after the options is refused with the right order', async () => {
  await assert.rejects(bench('--json', 'lessons'), {
    code: 2,
    stderr: /Names come before options: npm run bench -- lessons …/,
  });
});

/** The article's repaired class in a real PHP, and the port, over the same table. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, beforeEach, test } from 'node:test';
import {
  type DatabaseServer,
  obtainServer,
} from '../../../src/workshop/machine/database/server.ts';
import { stripTypes } from '../../../src/workshop/machine/program.ts';
import {
  cookieOf,
  makeVisits,
  openTwins,
  type Twins,
  withoutMoment,
} from '../../../src/workshop/oracle/twins.ts';

let server: DatabaseServer;
let twins: Twins;

before(async () => {
  server = await obtainServer();
  twins = await openTwins(server);
});
after(async () => {
  await twins?.close();
  await server?.close();
});
beforeEach(() => twins.empty());

test('the same requests leave the same rows and send the same cookies', async () => {
  const php = { steps: await makeVisits(twins.askPhp), rows: await twins.rows() };
  await twins.empty();
  const port = { steps: await makeVisits(twins.askPort), rows: await twins.rows() };
  assert.deepEqual(port, php);
  assert.deepEqual(
    php.rows.map(({ d }) => d),
    ['count|i:4;', 'count|i:3;', 'count|i:1;', 'count|i:1;'],
    'the story went as it was meant to',
  );
});

test('a cookie’s moment is compared, not thrown away', () => {
  const line = (date: Date): string =>
    `MySession=1; expires=${date.toUTCString()}; Max-Age=60; path=/`;
  const inAMinute = new Date(Date.now() + 60_000);
  const tomorrow = new Date(Date.now() + 86_400_000);
  assert.equal(
    withoutMoment(line(inAMinute)),
    'MySession=1; expires=<0 minutes off>; Max-Age=60; path=/',
  );
  assert.match(withoutMoment(line(tomorrow)), /expires=<1439 minutes off>/);
});

test('a session begun in PHP continues in TypeScript, and back', async () => {
  const first = await twins.askPhp(undefined);
  const bodies = [first.body];
  for (const ask of [twins.askPort, twins.askPhp, twins.askPort]) {
    bodies.push((await ask(cookieOf(first))).body);
  }
  assert.deepEqual(
    bodies,
    [1, 2, 3, 4].map((count) => `<p>Count: ${count}</p>`),
  );
});

test('a session begun in TypeScript continues in PHP', async () => {
  const first = await twins.askPort(undefined);
  assert.equal((await twins.askPhp(cookieOf(first))).body, '<p>Count: 2</p>');
});

test('a mangled id reads the session of its leading number, and neither twin can save it', async () => {
  const cookie = cookieOf(await twins.askPhp(undefined)) ?? '';
  const mangled = `${cookie}abc`;
  // PHP has printed the page before it fails to save; the port saves before anything leaves.
  assert.match((await twins.askPhp(mangled)).body, /^<p>Count: 2<\/p>\s.*Truncated incorrect/s);
  assert.doesNotMatch((await twins.askPort(mangled)).body, /Count/);
  assert.deepEqual(await twins.rows(), [{ id: 1, d: 'count|i:1;', minutesOld: 0 }]);
});

test('npm run oracle refuses an unknown option in one line', () => {
  const command = [...stripTypes, 'src/workshop/oracle/main.ts', '--nope'];
  const { status, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' });
  assert.deepEqual(
    [status, stderr],
    [2, "Unknown option '--nope'. npm run oracle -- --help names the options.\n"],
  );
});

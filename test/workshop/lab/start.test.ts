import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, test } from 'node:test';
import { database, endAll, isAlive, run, startWorkshop, until } from './workshop.ts';

const server = await database();
after(async () => {
  await endAll();
  await server.close();
});

test('help is printed and nothing is started', async () => {
  const { ended, output } = run({ args: ['--help'], database: server.url });
  assert.equal(await ended, 0);
  assert.match(output(), /npm start -- --port 8080/);
  assert.match(output(), /npm start -- --instructor/);
  assert.match(output(), /DATABASE_URL/);
});

test('an invalid --port exits with 2 and an error that names it', async () => {
  const ports = ['http', '-1', '65536', '80.5', ''];
  const runs = ports.map((port) => run({ args: [`--port=${port}`], database: server.url }));
  for (const [index, { ended, output }] of runs.entries()) {
    assert.equal(await ended, 2);
    assert.match(output(), /--port must be a number from 0 to 65535/);
    assert.ok(output().includes(`"${ports[index]}" is not`));
  }
});

test('an unknown option ends with 2 and points to the help', async () => {
  const { ended, output } = run({ args: ['--prot', '80'], database: server.url });
  assert.equal(await ended, 2);
  assert.match(output(), /--prot/);
  assert.match(output(), /npm start -- --help/);
  process.env['npm_config_port'] = '8080';
  const kept = run({ args: ['--port=http'], database: server.url });
  delete process.env['npm_config_port'];
  assert.equal(await kept.ended, 2);
  assert.match(kept.output(), /^npm has kept --port for itself\..* npm start -- --port$/m);
});

test('a taken port is reported, with the option that helps', async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address() as { port: number };
  const { ended, output } = run({ args: ['--port', String(port)], database: server.url });
  assert.equal(await ended, 2);
  assert.match(output(), new RegExp(`Port ${port} is taken .*--port`));
  holder.close();
});

test('without --port, a taken default port is reported and the next free one is used', async () => {
  const holder = createServer();
  // Another process on the default port serves this test as well as its own would.
  holder.on('error', () => {});
  holder.listen(4_170, '127.0.0.1');
  const { child, ended, output } = run({ args: ['--no-docs'], database: server.url });
  await until(() => output().includes('database ready') || child.exitCode !== null, 'the lab');
  assert.match(output(), /port 4170 is taken, the lab takes 41[78]\d/);
  child.kill('SIGTERM');
  assert.equal(await ended, 0);
  holder.close();
});

test('a database that cannot be reached ends with 1 and a message', async () => {
  const { ended, output } = run({
    args: ['--port', '0'],
    database: 'mysql://root@127.0.0.1:1/',
  });
  assert.equal(await ended, 1);
  assert.match(output(), /nothing listens on port 1 of 127\.0\.0\.1/);
});

test('Ctrl-C ends the lab with 130 and its processes with it', async () => {
  await endsWith('SIGINT', 130);
});

test('SIGTERM ends the lab with 0 and its processes with it', async () => {
  await endsWith('SIGTERM', 0);
});

test('processes of classes end also when the lab is killed', async () => {
  const workshop = await startWorkshop(server.url);
  const pids = await visitBoth(workshop.address);
  await workshop.end('SIGKILL');
  await until(() => !pids.some(isAlive), 'the processes of the classes to end');
});

async function endsWith(signal: NodeJS.Signals, code: number): Promise<void> {
  const workshop = await startWorkshop(server.url);
  const pids = await visitBoth(workshop.address);
  assert.equal(await workshop.end(signal), code);
  assert.deepEqual(pids.filter(isAlive), []);
}

async function visitBoth(address: string): Promise<number[]> {
  const answers = await Promise.all(
    ['lesson-05', 'lesson-05@2'].map((name) => fetch(`${address}/play/${name}/`)),
  );
  const pids = answers.map((answer) => Number(answer.headers.get('x-process')));
  assert.equal(new Set(pids).size, 2);
  assert.ok(pids.every(isAlive));
  return pids;
}

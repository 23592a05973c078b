/** The lab within this process: its classes, its events, its memcached beside the rows. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, mock, test } from 'node:test';
import { Hono } from 'hono';
import { findLesson } from '../../../src/workshop/course/catalogue.ts';
import { newAttackRun } from '../../../src/workshop/lab/attack-runs.ts';
import { LabCache, usesCache } from '../../../src/workshop/lab/cached-rows.ts';
import { Lab } from '../../../src/workshop/lab/lab.ts';
import { streamLive } from '../../../src/workshop/lab/live.ts';
import { labServer } from '../../../src/workshop/lab/server.ts';
import { attacksPanel } from '../../../src/workshop/lab/views/checks.ts';
import type { PageModel } from '../../../src/workshop/lab/views/model.ts';
import { rowPanel } from '../../../src/workshop/lab/views/row.ts';
import { obtainServer } from '../../../src/workshop/machine/database/server.ts';
import { until } from '../machine/place.ts';

const server = await obtainServer();
const lab = new Lab();
lab.useDatabase(server, 0);
after(async () => {
  await lab.close();
  await server.close();
});

test('a page that only reads puts a copy beside its row, and a page that saves takes it away', async () => {
  const subject = lab.findClass('lesson-20');
  const running = await lab.run(subject);
  const model = { running, lab, ticking: false, view: { subject } } as unknown as PageModel;
  const shown = (): string => /memcached<\/small> [^<]*/.exec(String(rowPanel(model)))?.[0] ?? '';
  await running.visit('you', '/login?user=ann', 1);
  assert.equal(shown(), '');
  assert.match(await running.visit('you', '/whoami', 2), /Signed in as ann/);
  assert.match(shown(), /a copy until \d\d:\d\d:\d\d UTC/);
  await running.visit('you', '/logout', 1);
  assert.equal(shown(), '');
  assert.match(await running.visit('you', '/whoami', 2), /Nobody/);
});

test('two visits at once are announced with a page each', async () => {
  const running = await lab.run(lab.findClass('lesson-19'));
  let letRead = () => {};
  const reading = new Promise<void>((resolve) => {
    letRead = resolve;
  });
  const read = mock.method(running, 'refresh', () => reading);
  const shows = (text: string) => until(() => running.clients.you.last?.text === text);
  const first = running.visit('you', '/', 1);
  await shows('Count: 1');
  const second = running.visit('you', '/whoami', 1);
  await shows('Nobody is signed in');
  letRead();
  const said = await Promise.all([first, second]);
  assert.deepEqual(said, ['You: 200, Count: 1', 'You: 200, Nobody is signed in']);
  read.mock.restore();
});

test('a table that is emptied while it is read is shown empty', async () => {
  const running = await lab.run(lab.findClass('lesson-05'));
  await running.visit('you', '/', 1);
  assert.equal(running.changes.length, 1);
  await Promise.all([running.refresh(), running.reset()]);
  await running.refresh();
  assert.deepEqual([running.changes, running.total], [[], 0]);
});

test('only classes from the lesson of the cache on are given one', () => {
  const { lessons } = lab;
  const given = lessons.filter((lesson) => usesCache(lessons, lesson)).map(({ label }) => label);
  assert.equal(given[0], '20');
  assert.equal(given.length, lessons.length - 20);
});

test('a memcached that cannot be started costs a class its cache, and nothing else', async () => {
  assert.equal(await LabCache.start(AbortSignal.abort()), undefined);
});

test('an attack for which a program is missing does not send to the tests', () => {
  const [lesson, subject] = [findLesson(lab.lessons, 20), lab.findClass('lesson-20')];
  const model = { running: undefined, lab, ticking: false, view: { lesson, subject } };
  const panel = (reason: 'missing' | 'import'): string => {
    const because = 'No memcached (apt-get install memcached)';
    const run = { ...newAttackRun(subject), running: false, verdict: 'failed' as const };
    lab.attacks.set('lesson-20 20', { ...run, because, reason });
    return String(attacksPanel(model));
  };
  assert.match(panel('import'), /run the tests first/);
  const missing = panel('missing');
  assert.match(missing, /apt-get install memcached/);
  assert.doesNotMatch(missing, /run the tests first/);
});

test('two requests at once for a class that needs another table get the same class', async () => {
  const subject = lab.findClass('lesson-05');
  const before = await lab.run(subject);
  const later = { ...subject, lesson: findLesson(lab.lessons, 12) };
  const [one, other] = await Promise.all([lab.run(later), lab.run(later)]);
  assert.notEqual(one, before);
  assert.equal(one, other);
});

test('many attacks and open pages at once print no warning', async (context) => {
  const warned: string[] = [];
  const warn = ({ message }: Error) => warned.push(message);
  const listeners = Array.from({ length: 30 }, () => () => {});
  const pages = Array.from({ length: 120 }, () => () => {});
  context.after(() => {
    process.off('warning', warn);
    for (const each of listeners) lab.ending.removeEventListener('abort', each);
    for (const each of pages) lab.off('change', each).off('say', each);
  });
  process.on('warning', warn);
  for (const each of listeners) lab.ending.addEventListener('abort', each);
  for (const each of pages) lab.on('change', each).on('say', each);
  // Node emits a warning at the next tick.
  await new Promise(setImmediate);
  assert.deepEqual(warned, []);
});

test('a page that cannot be drawn says why, and leaves no listener behind', async () => {
  const page = {
    concerns: () => true,
    announces: () => true,
    draw: () => Promise.reject(new Error('the file of a lesson is broken')),
    refresh: async () => {},
  };
  const app = new Hono().get('/', (asked) => streamLive(asked, lab, page));
  const reader = (await app.request('/')).body?.getReader();
  const decoder = new TextDecoder();
  let events = '';
  while (!events.includes('The page goes on by itself')) {
    events += decoder.decode((await reader?.read())?.value, { stream: true });
  }
  assert.match(events, /^event: token[\s\S]*the file of a lesson is broken/);
  await reader?.cancel();
  await until(() => lab.listenerCount('change') + lab.listenerCount('say') === 0);
});

test('on the port of HTTP, which browsers leave out, the lab knows its host', async () => {
  const listening = labServer(lab).listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const { port } = listening.address() as AddressInfo;
  // A port below 1024 needs rights.
  listening.address = () => ({ port: 80, address: '', family: '' });
  for (const [host, status] of [
    ['127.0.0.1', 200],
    ['localhost:80', 200],
    ['evil.example', 421],
    [`127.0.0.1:${port}`, 421],
  ] as const) {
    const sent = request({ port, path: '/healthz', headers: { host }, agent: false }).end();
    const [answer] = await once(sent, 'response');
    assert.equal(answer.statusCode, status, host);
    answer.resume();
  }
  listening.close();
});

/** The memcached of the lab, and its keys beside the rows. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { usesCache } from '../../../src/workshop/lab/cached-rows.ts';
import { Lab } from '../../../src/workshop/lab/lab.ts';
import type { PageModel } from '../../../src/workshop/lab/views/model.ts';
import { rowPanel } from '../../../src/workshop/lab/views/row.ts';
import { obtainServer } from '../../../src/workshop/machine/database/server.ts';

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

test('only classes from the lesson of the cache on are given one', () => {
  const { lessons } = lab;
  const given = lessons.filter((lesson) => usesCache(lessons, lesson)).map(({ label }) => label);
  assert.equal(given[0], '20');
  assert.equal(given.length, lessons.length - 20);
});

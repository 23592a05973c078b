/** The lab before a learner has begun a lesson. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { readLessons } from '../../../src/workshop/course/catalogue.ts';
import { copyProject, database, endAll, startWorkshop, type Workshop } from './workshop.ts';

const server = await database();
const project = copyProject();
const note = join(dirname(project.mine), 'state.json');
const last = readLessons().at(-1)?.number;
let lab: Workshop;

before(async () => {
  rmSync(note);
  lab = await startWorkshop(server.url, project.folder);
});
after(async () => {
  await endAll();
  await server.close();
  project.remove();
});

const read = async (path: string): Promise<string> => (await fetch(lab.address + path)).text();

test('the lab opens at lesson 0 until a lesson was begun', async () => {
  assert.match(lab.output(), new RegExp(`lesson 0 of ${last} · The article as it reached us`));
  assert.match(await read('/'), /<title>0\. The article as it reached us · phpsessid lab<\/title>/);
});

test('the first page has a working class: the article’s, ported whole', async () => {
  const page = await read('/');
  assert.match(page, /<body data-live="\/live\?lesson=00&#38;class=lesson-05"/);
  assert.match(page, /id="visit-you"/);
  assert.match(page, /href="\/lesson\/00\/\?class=lesson-05" aria-current="true">lesson-05/);
  assert.match(page, /href="\/lesson\/00\/\?class=lesson-00">lesson-00<small> before the port/);
});

test('the lab opens at the lesson that was begun last', async () => {
  writeFileSync(note, '{"lesson":7,"hints":{}}');
  assert.match(await read('/'), /<title>7\. Exact ids · phpsessid lab<\/title>/);
  rmSync(note);
});

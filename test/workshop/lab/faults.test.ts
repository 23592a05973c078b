import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { root } from '../../../src/workshop/course/catalogue.ts';
import {
  copyProject,
  database,
  endAll,
  openCable,
  startWorkshop,
  until,
  type Workshop,
} from './workshop.ts';

const solved = readFileSync(join(root, 'lessons/05-a-request-around-it/sessions.ts'), 'utf8');
const server = await database();
const cable = await openCable(server);
const project = copyProject();
let lab: Workshop;

before(async () => {
  lab = await startWorkshop(cable.url, project.folder);
});
after(async () => {
  await endAll();
  await cable.cut();
  await server.close();
  project.remove();
});

async function play(name = 'mine'): Promise<{ status: number; body: string }> {
  const answer = await fetch(`${lab.address}/play/${name}/`);
  return { status: answer.status, body: await answer.text() };
}

async function page(): Promise<string> {
  return (await fetch(`${lab.address}/lesson/05/?class=mine`)).text();
}

/** Saves the learner's file and waits until the lab has noticed. */
async function save(text: string): Promise<void> {
  const before = await processOfMine();
  mkdirSync(dirname(project.mine), { recursive: true });
  put(text);
  if (before === null) return;
  await until(async () => (await processOfMine()) !== before, 'the lab to notice the file');
}

/** Replaces the learner's file at once: the lab would take a file that is half written for a save. */
function put(text: string): void {
  const half = `${project.mine}.new`;
  writeFileSync(half, text);
  renameSync(half, project.mine);
}

async function processOfMine(): Promise<string | null> {
  return (await fetch(`${lab.address}/play/mine/`)).headers.get('x-process');
}

const readBody = (statement: string): string =>
  solved.replace("const sql = 'SELECT * FROM", `${statement}\n    const sql = 'SELECT * FROM`);
const lineOf = (text: string, part: string): number =>
  text.slice(0, text.indexOf(part)).split('\n').length;

async function breakAndFix(statement: string, sentence: RegExp): Promise<void> {
  const broken = readBody(statement);
  await save(broken);
  const wanted = new RegExp(sentence.source.replace('LINE', String(lineOf(broken, statement))));
  await until(async () => wanted.test((await play()).body), `the sentence ${wanted}`);
  assert.match(await page(), /Save the file or press Visit to try again/);
  assert.match((await play('lesson-05')).body, /Count: 1/);
  put(solved);
  await until(async () => (await play()).status === 200, 'the fixed class');
  assert.doesNotMatch(await page(), /Save the file or press Visit/);
}

/** Visits until the timeline shows a text: a visit can still meet the process of the file before. */
async function showsCell(text: RegExp): Promise<void> {
  const shows = async () => (await play()).status === 500 && text.test(await page());
  await until(shows, `${text} in the timeline`);
}

test('the address of a button says what to do', async () => {
  const answer = await fetch(`${lab.address}/tests`);
  assert.deepEqual([answer.status, await answer.text()], [405, 'Press the button on the page.\n']);
  assert.equal((await fetch(`${lab.address}/servers`, { method: 'POST' })).status, 403);
});

test('a form that cannot be read is refused', async () => {
  const headers = { 'Content-Type': 'multipart/form-data; boundary=none' };
  const options = { method: 'POST', headers, body: 'no part' };
  assert.equal((await fetch(`${lab.address}/tests`, options)).status, 403);
});

test('a learner without a file sees how to begin one', async () => {
  const { status, body } = await play();
  assert.equal(status, 404);
  assert.match(body, /npm run lesson \d+ creates it/);
  assert.match(await page(), /There is no lessons\/mine\/sessions\.ts yet/);
  mkdirSync(project.mine);
  assert.match(await page(), /There is no lessons\/mine\/sessions\.ts yet/);
  rmdirSync(project.mine);
});

test('the class of the learner is served as soon as it is there', async () => {
  await save(solved);
  assert.match((await play()).body, /<p>Count: 1<\/p>/);
});

test('a syntax error is a sentence with file and line, and the next good save clears it', async () => {
  await breakAndFix('const = 1;', /Syntax error: .* lessons\/mine\/sessions\.ts:LINE/);
});

test('an error in a callback is in the timeline, with its line', async () => {
  const statement = "if (sid) throw new TypeError('lost');";
  const text = readBody(statement);
  await save(text);
  const line = lineOf(text, statement);
  await showsCell(new RegExp(`✘ lost</span> <code>lessons/mine/sessions\\.ts:${line}</code>`));
});

test('a callback that throws undefined is shown as failed', async () => {
  await save(readBody('if (sid) throw undefined;'));
  await showsCell(/✘ undefined/);
});

test('a request whose browser has left ends without an answer', async () => {
  await save(readBody("if (sid === 'held') await new Promise(() => {});"));
  await until(async () => (await play()).status === 200, 'the class that waits');
  const leaving = new AbortController();
  const { signal } = leaving;
  const headers = { Cookie: 'MySession=held' };
  const request = fetch(`${lab.address}/play/mine/`, { headers, signal });
  const isHeld = async () => /read<\/b>\(&#34;held&#34;\)/.test(await page());
  await until(isHeld, 'the request to be held');
  leaving.abort();
  await assert.rejects(request, { name: 'AbortError' });
  const result = async () =>
    /"result[^>]*>([^<]*)<\/span>(?:(?!<\/details>).)*held/s.exec(await page())?.[1] ?? '';
  await until(async () => /no answer|\d{3}/.test(await result()), 'the request to end');
  const ended = await result();
  const [, milliseconds] = /^✘ no answer · ([\d.]+) ms$/.exec(ended) ?? [];
  assert.ok(Number(milliseconds) < 20_000, `the lab's own limit has ended it: ${ended}`);
});

test('an exit is a sentence with file and line, and the next good save clears it', async () => {
  await breakAndFix(
    'process.exit(7);',
    /called process\.exit\(7\)\. lessons\/mine\/sessions\.ts:LINE/,
  );
});

test('an endless loop is a sentence with file and line, and the next good save clears it', async () => {
  await breakAndFix('while (sid) {}', /endless loop.* lessons\/mine\/sessions\.ts:LINE/);
});

test('an unhandled rejection is a sentence with file and line', async () => {
  await breakAndFix(
    "void Promise.reject(new TypeError('lost'));",
    /TypeError: lost\. lessons\/mine\/sessions\.ts:LINE/,
  );
});

test('a class that is killed is started again by the next visit', async () => {
  const pid = Number(await processOfMine());
  process.kill(pid, 'SIGKILL');
  await until(async () => (await play()).status === 200, 'the next process');
  assert.notEqual(Number(await processOfMine()), pid);
});

test('a database that dies is reported on the page and restarts by itself', async () => {
  const live = await fetch(`${lab.address}/live?lesson=05&class=lesson-05`);
  assert.ok(live.body);
  let received = '';
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of live.body ?? []) received += decoder.decode(chunk as Uint8Array);
  })().catch(() => {});

  await cable.cut();
  await until(async () => (await fetch(`${lab.address}/healthz`)).status === 503, 'healthz 503');
  await until(() => received.includes('The database is down.'), 'the page to say so');
  assert.equal((await play('lesson-05')).status, 503);
  const down = await page();
  assert.match(down, /The database is down/);
  const token = /name="token" value="([^"]+)"/.exec(down)?.[1] ?? '';
  const refused = await fetch(`${lab.address}/reset`, {
    method: 'POST',
    headers: { Accept: 'application/json' },
    body: new URLSearchParams({ token, lesson: '05', class: 'lesson-05' }),
  });
  const { said } = (await refused.json()) as { said: string };
  assert.deepEqual(
    [refused.status, said],
    [503, 'The database is not ready. Try again in a moment.'],
  );

  await cable.restore();
  const from = received.length;
  await until(
    () => received.slice(from).includes('Database ready'),
    'the page to recover by itself',
  );
  await until(async () => (await play('lesson-05')).status === 200, 'the class to recover');
  assert.equal((await fetch(`${lab.address}/healthz`)).status, 200);
  await lab.end();
  await reading;
});

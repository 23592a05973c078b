import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readLessons } from '../../../src/workshop/course/catalogue.ts';
import { readBody, send } from '../../../src/workshop/sandbox/browser.ts';
import { database, endAll, startWorkshop, type Workshop } from './workshop.ts';

const server = await database();
let lab: Workshop;
before(async () => {
  lab = await startWorkshop(server.url);
});
after(async () => {
  await endAll();
  await server.close();
});

interface Answer {
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  body: string;
}

/** A request whose headers are sent byte for byte. */
async function ask(
  path: string,
  headers: string[] = [],
  method = 'GET',
  body = '',
): Promise<Answer> {
  const all = headers.includes('Host') ? headers : ['Host', `127.0.0.1:${lab.port}`, ...headers];
  const answer = await send(lab.port, { path, method, headers: all, body });
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    body: await readBody(answer),
  };
}

const cookieOf = (answer: Answer) => answer.headers['set-cookie']?.[0]?.split(';')[0] ?? '';

test('the counter page counts by the class of the lesson', async () => {
  const first = await ask('/play/lesson-05/');
  assert.match(first.body, /<p>Count: 1<\/p>/);
  assert.match(first.headers['set-cookie']?.[0] ?? '', /^MySession=\d+; expires=.* path=\/$/);
  const second = await ask('/play/lesson-05/', ['Cookie', cookieOf(first)]);
  assert.match(second.body, /<p>Count: 2<\/p>/);
  assert.equal(second.headers['set-cookie'], undefined);
});

test('two processes share one session', async () => {
  const first = await ask('/play/lesson-05/');
  const second = await ask('/play/lesson-05@2/', ['Cookie', cookieOf(first)]);
  assert.match(second.body, /<p>Count: 2<\/p>/);
  assert.notEqual(first.headers['x-process'], second.headers['x-process']);
});

test('every page of the counter is reached below its class', async () => {
  const login = await ask('/play/lesson-05/login?user=ann');
  const who = await ask('/play/lesson-05/whoami', ['Cookie', cookieOf(login)]);
  assert.match(who.body, /ann/);
});

test('two classes never share a row', async () => {
  const first = await ask('/play/lesson-05/');
  const other = await ask('/play/wrong-05-no-name/');
  assert.match(first.body, /Count: 1/);
  assert.match(other.body, /Count: 1/);
});

test('a class that cannot serve a request yet says what is missing', async () => {
  const { status, body } = await ask('/play/lesson-03/');
  assert.equal(status, 501);
  assert.match(
    body,
    /Sessions\.Destroy, garbageCollect, createId and initCallbacks are not ported/,
  );
});

test('an unknown class is answered with those there are', async () => {
  const { status, body } = await ask('/play/lesson-99/');
  assert.equal(status, 404);
  assert.match(body, /<html lang="en">.*<h1>The class does not answer<\/h1>/s);
  assert.match(body, /There is no class .*lesson-99.*mine.*lesson-05/s);
});

test('malformed and repeated cookies go through and the lab lives on', async () => {
  for (const cookie of ['MySession', '=; ;;;', '%%%=%', 'MySession=%00', 'MySession=\xff\xfe']) {
    const { status } = await ask('/play/lesson-05/', ['Cookie', cookie]);
    assert.ok([200, 500].includes(status), `${cookie} gave ${status}`);
  }
  const twice = await ask('/play/lesson-05/', ['Cookie', 'MySession=1', 'Cookie', 'MySession=2']);
  assert.equal(twice.status, 200);
  assert.equal((await ask('/healthz')).status, 200);
});

test('control characters in a cookie that is typed are not sent', async () => {
  const token = /name="token" value="([\w-]+)"/.exec((await ask('/lesson/05/')).body)?.[1] ?? '';
  const act = async (fields: Record<string, string>): Promise<string> => {
    const form = { token, lesson: '05', class: 'lesson-05', client: 'you', ...fields };
    const body = new URLSearchParams(form).toString();
    const type = ['Content-Type', 'application/x-www-form-urlencoded'];
    const length = ['Content-Length', String(body.length), 'Accept', 'application/json'];
    return (await ask('/client', [...type, ...length], 'POST', body)).body;
  };
  await act({ do: 'cookie', cookie: 'a=1\x01\x7f\r\n; b=\t2' });
  assert.match(await act({ do: 'visit' }), /You: 200, Count: 1/);
});

test('a cookie over the limit of Node is answered with 431', async () => {
  const { status } = await ask('/play/lesson-05/', ['Cookie', `MySession=${'a'.repeat(20_000)}`]);
  assert.equal(status, 431);
  assert.equal((await ask('/healthz')).status, 200);
});

test('healthz answers JSON once the database is ready', async () => {
  const { status, headers, body } = await ask('/healthz');
  assert.equal(status, 200);
  assert.match(String(headers['content-type']), /^application\/json/);
  assert.equal(JSON.parse(body).ready, true);
});

test('a foreign Host is refused on every route', async () => {
  for (const path of ['/', '/healthz', '/play/lesson-05/', '/assets/lab.js']) {
    const { status, body } = await ask(path, ['Host', `evil.example:${lab.port}`]);
    assert.equal(status, 421, path);
    assert.doesNotMatch(body, /token/);
  }
  assert.equal((await ask('/healthz', ['Host', `localhost:${lab.port}`])).status, 200);
});

test('a button without the token of this start does nothing', async () => {
  const form = 'lesson=05&class=lesson-05&client=you&do=visit';
  for (const path of ['/client', '/reset', '/tests', '/attack']) {
    for (const body of [form, `${form}&token=guess`]) {
      const type = ['Content-Type', 'application/x-www-form-urlencoded'];
      const length = ['Content-Length', String(body.length)];
      assert.equal((await ask(path, [...type, ...length], 'POST', body)).status, 403, path);
    }
    assert.equal((await ask(`${path}?${form}`)).status, 405, path);
  }
});

test('pages forbid scripts, styles and frames from elsewhere', async () => {
  const { headers } = await ask('/');
  assert.match(String(headers['content-security-policy']), /default-src 'none'/);
  assert.match(String(headers['content-security-policy']), /frame-ancestors 'none'/);
});

test('an address without its last slash is redirected, so that relative links work', async () => {
  for (const path of ['/compare', '/docs', '/finish', '/gauntlet', '/servers', '/lesson/05']) {
    const { status, headers } = await ask(path);
    assert.equal(status, 302, path);
    assert.equal(headers['location'], `${path}/`);
  }
});

test('no path leads out of the folders that are served', async () => {
  for (const path of [
    '/docs/../package.json',
    '/docs/..%2f..%2fpackage.json',
    '/assets/..%2froutes.ts',
    '/pictures/..%2f..%2fpackage.json',
  ]) {
    const { status, body } = await ask(path);
    assert.equal(status, 404, path);
    assert.doesNotMatch(body, /"dependencies"/, path);
  }
});

test('data that a class puts into its rows is text on the page', async () => {
  const login = await ask('/play/lesson-05/login?user=%3Cscript%3Ealert(1)%3C/script%3E');
  assert.equal(login.status, 200);
  const { body } = await ask('/lesson/05/');
  assert.doesNotMatch(body, /<script>alert/);
  assert.match(body, /&#60;script&#62;alert\(1\)/);
});

test('every lesson has a page, the article before the first table too', async () => {
  for (const { label, title } of readLessons()) {
    const { status, body } = await ask(`/lesson/${label}/`);
    assert.equal(status, 200, label);
    assert.ok(body.includes(`</span> ${title}</h1>`), label);
  }
  assert.equal((await ask('/lesson/77/')).status, 404);
  // Only the instructor's lab has steps.
  assert.match((await ask('/lesson/13/?step=attack')).body, /id="walkthrough"/);
});

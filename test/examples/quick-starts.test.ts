/** Each program of the quick starts is started and visited: reading, buying, login, logout. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { root } from '../../src/workshop/course/catalogue.ts';
import { publicModules } from '../../src/workshop/site/public-modules.ts';
import type { Example, Exporters } from './examples.ts';
import { checkExamples, closeDatabase, runExample } from './run-examples.ts';

process.env['SESSION_SECRET'] = 's'.repeat(32);
after(closeDatabase);

const page = readFileSync(join(root, 'docs/quick-starts.md'), 'utf8');
const names: Exporters = { exporters: new Map() };
const stub = join(import.meta.dirname, 'next-stub.ts');
const modules = [
  ...publicModules(),
  { path: stub, name: 'next/headers' },
  { path: stub, name: 'next/navigation' },
  { path: stub, name: 'the test' },
];

/** A browser: it keeps cookies, and follows what a form leads to. */
const visit = `
const browser = new Map<string, string>();
const ask = async (path: string, method = 'POST'): Promise<string> => {
  const cookie = [...browser].map((pair) => pair.join('=')).join('; ');
  const response = await fetch('http://localhost:8080' + path, { method, headers: { cookie }, redirect: 'manual' });
  for (const line of response.headers.getSetCookie()) {
    const [name = '', value = ''] = line.split(';')[0]?.split('=') ?? [];
    if (value === '' || /Max-Age=0|expires=Thu, 01 Jan 1970/.test(line)) browser.delete(name);
    else browser.set(name, value);
  }
  return method === 'GET' ? await response.text() : String(response.status);
};
await ask('/', 'GET'); // 'guest: '
browser.size; // 0
await ask('/buy'); // '303'
await ask('/buy'); // '303'
await ask('/', 'GET'); // 'guest: tea,tea'
const guest = [...browser];
await ask('/login'); // '303'
await ask('/', 'GET'); // 'ann: tea,tea'
const loggedIn = [...browser];
String(loggedIn) === String(guest); // false
(await sessions.of('ann').list()).length > 0; // true
await ask('/logout'); // '303'
await ask('/', 'GET'); // 'guest: '
for (const [name, value] of loggedIn) browser.set(name, value);
await ask('/', 'GET'); // 'guest: '
await sessions.close();
`;

const visitNext = `
import { beginRequest } from 'the test';
const act = async (action: () => Promise<void>): Promise<string> =>
  await action().then(() => '', ({ digest }: { digest: string }) => digest);
await show(); // 'guest: '
await act(buy); // 'NEXT_REDIRECT;push;/;303;'
await act(buy); // 'NEXT_REDIRECT;push;/;303;'
await show(); // 'guest: tea,tea'
await act(login); // 'NEXT_REDIRECT;push;/;303;'
await show(); // 'ann: tea,tea'
const kept = (await cookies()).get('__Host-session')?.value;
await act(logout); // 'NEXT_REDIRECT;push;/;303;'
await show(); // 'guest: '
beginRequest('__Host-session=' + kept);
await show(); // 'guest: '
await sessions.close();
`;

/** Declarations that the snippets of other pages assume. */
const given = [
  "import { type AnyPool, createSessions } from 'phpsessid/mysql';",
  "import { expressSessions } from 'phpsessid/mysql/express';",
  "import express from 'express';",
  'declare const pool: AnyPool, secrets: string[], newest: string, old: string, key: string;',
  'const app = express();',
].join(' ');

const programs: (Example & { section: string })[] = [
  ...page.matchAll(
    /^#+ (.+)\n(?:(?!#).*\n)*?<!-- text: a test runs it -->\n```ts\n((?:.*\n)*?)```$/gm,
  ),
].map(([section = '', name = '', program = '']) => ({
  section,
  name,
  module: 'phpsessid/mysql',
  file: 'docs/quick-starts.md',
  line: page.slice(0, page.indexOf(program)).split('\n').length,
  text:
    program.replace("process.env['DATABASE_URL'] ?? ''", "'mysql://user:password@localhost/app'") +
    (name === 'Next' ? visitNext : visit),
}));

test('there is a program for each framework, and each compiles as strictly as the library', () => {
  assert.deepEqual(
    programs.map(({ name }) => name),
    ['node:http', 'Express', 'Fastify', 'Koa', 'Hono', 'h3', 'Fetch', 'Next'].concat(
      'express-session',
      '@fastify/session',
      'koa-session',
      'remix',
    ),
  );
  assert.deepEqual(checkExamples(programs, names, modules), []);
});

test('each section names the packages that its program imports', () => {
  for (const { name, section, text } of programs) {
    const imported = [...text.matchAll(/^import .* from '((?:@[^/]+\/)?[^/']+)/gm)].map(
      ([, from = '']) => from,
    );
    const known = /^(?:node:.*|phpsessid|next|the test)$/;
    const named = [...(/Packages: (.*)\./.exec(section)?.[1] ?? '').matchAll(/`(.+?)`/g)];
    assert.deepEqual(
      [...new Set(imported)].filter((from) => !known.test(from)).sort(),
      named.map(([, each]) => each).sort(),
      name,
    );
  }
});

test('the code of other pages compiles', () => {
  const pages = {
    'docs/the-table.md': [/columns: /],
    'docs/secrets.md': [/cookie: /],
    'docs/the-store.md': [/status\(503\)/, /use_strict_mode/],
  };
  const shown = Object.entries(pages).flatMap(([file, contents]) => {
    const whole = readFileSync(join(root, file), 'utf8');
    const fences = [...whole.matchAll(/<!-- text: a test compiles it -->\n```ts\n([\s\S]*?)```/g)];
    assert.equal(fences.length, contents.length, file);
    return fences.map(([, fence = ''], at) => {
      assert.match(fence, contents[at] as RegExp);
      // `given` is in the place of the fence's first line, so a fault has the line of the page.
      const line = whole.slice(0, whole.indexOf(fence)).split('\n').length - 1;
      return { name: file, module: 'phpsessid/mysql', file, line, text: `${given}\n${fence}` };
    });
  });
  assert.deepEqual(checkExamples(shown, names, modules), []);
});

for (const program of programs) {
  test(`${program.name}: a guest buys, logs in and out, and the old cookie opens nothing`, async () => {
    assert.deepEqual(await runExample(program, names, modules), []);
  });
}

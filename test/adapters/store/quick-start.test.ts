/** README's ten minutes with Express: its program runs, and its requests get the answers it shows. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { root } from '../../../src/workshop/course/catalogue.ts';
import { freePort } from '../../../src/workshop/machine/free-port.ts';
import { newSchema } from '../../store/fixture.ts';

const readme = readFileSync(join(root, 'README.md'), 'utf8');
const [section = ''] = /### Sessions in MySQL for Express[\s\S]*?\n### /.exec(readme) ?? [];
const [, program = ''] = /```js\n([\s\S]*?)```/.exec(section) ?? [];
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, { default?: string }>;
};
const requests = [...section.matchAll(/^curl.*?(-X POST)? +http:\/\/[^/]+(\/\S*) +# (.*)$/gm)];

test('the program of README answers as README shows', { timeout: 60_000 }, async () => {
  assert.equal(requests.length, 6);
  const source = program.replace(/'phpsessid(\/[^']+)'/g, (_, door: string) => {
    const built = exports[`.${door}`]?.default ?? '';
    assert.match(built, /^\.\/dist/, `phpsessid${door} is exported`);
    const path = built.replace('./dist', 'src').replace(/js$/, 'ts');
    return `'${pathToFileURL(join(root, path))}'`;
  });
  // Within the checkout, so that `express` is found.
  const file = join(root, 'node_modules', `.quick-start-${process.pid}.mjs`);
  writeFileSync(file, source);
  const port = await freePort();
  const { url } = await newSchema();
  const env = {
    ...process.env,
    NODE_ENV: 'development',
    DATABASE_URL: url,
    SESSION_SECRET: 's'.repeat(44),
    PORT: String(port),
  };
  const child = spawn(process.execPath, ['--import', 'tsx', file], {
    cwd: root,
    env,
    stdio: 'inherit',
  });
  after(() => {
    child.kill('SIGKILL');
    rmSync(file, { force: true });
  });
  let cookie = '';
  const ask = async (path: string, method: string): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: { cookie },
    });
    for (const set of response.headers.getSetCookie()) {
      cookie = /max-age=0/i.test(set) ? '' : (set.split(';')[0] ?? '');
    }
    return (await response.text()).trimEnd();
  };
  const [first] = requests;
  assert.ok(first);
  // The first request waits for the program to listen.
  for (let answer: string | undefined; answer === undefined; await pause(50)) {
    assert.equal(child.exitCode, null, 'the program ended');
    answer = await ask(first[2] ?? '', 'GET').catch(() => undefined);
    if (answer !== undefined) assert.equal(answer, first[3]);
  }
  for (const [, post, path = '', expected] of requests.slice(1)) {
    assert.equal(await ask(path, post ? 'POST' : 'GET'), expected);
  }
});

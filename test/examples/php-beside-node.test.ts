/** The quick start with PHP's own files: a real PHP serves its page, Node its program, to one browser. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { root } from '../../src/workshop/course/catalogue.ts';
import { canConnect, freePort } from '../../src/workshop/machine/free-port.ts';
import { obtainPhpCli, withIni } from '../../src/workshop/machine/php.ts';
import { stopSupervised, supervise } from '../../src/workshop/machine/supervise.ts';
import { publicModules } from '../../src/workshop/site/public-modules.ts';
import { until } from '../workshop/lab/workshop.ts';
import type { Exporters } from './examples.ts';
import { checkExamples, runExample } from './run-examples.ts';

const page = readFileSync(join(root, 'docs/quick-starts.md'), 'utf8');
const [, php = '', node = ''] =
  /^## PHP beside Node\n[\s\S]*?^```php\n([\s\S]*?)^```$[\s\S]*?^```ts\n([\s\S]*?)^```$/m.exec(
    page,
  ) ?? [];
const names: Exporters = { exporters: new Map() };
const modules = publicModules();

/** A browser that goes from one page to the other. */
const visit = `
let cookie = '';
const ask = async (address: string, method = 'GET'): Promise<string> => {
  const response = await fetch(address, { method, headers: { cookie } });
  const [line] = response.headers.getSetCookie();
  if (line !== undefined) cookie = line.split(';')[0] ?? '';
  return await response.text();
};
const inPhp = process.env['PHP_PAGE'] ?? '';
const inNode = 'http://localhost:8080/';
await ask(inPhp); // 'guest: 1'
await ask(inNode); // 'guest: 2'
const guest = cookie;
await ask(inPhp, 'POST'); // 'ann: 3'
cookie === guest; // false
await ask(inNode); // 'ann: 4'
const crowd = Array.from({ length: 10 }, (_, index) => ask(index % 2 ? inPhp : inNode));
new Set(await Promise.all(crowd)).size; // 10
await ask(inPhp); // 'ann: 15'
await ask(inNode, 'POST'); // 'Goodbye'
await ask(inPhp); // 'guest: 1'
`;

const folder = mkdtempSync(join(tmpdir(), 'phpsessid-beside-'));
const saved = join(folder, 'sessions');
const program = {
  name: 'PHP beside Node',
  module: 'phpsessid/node',
  file: 'docs/quick-starts.md',
  line: page.slice(0, page.indexOf(node)).split('\n').length,
  text: node.replace('/var/lib/php/sessions', saved) + visit,
};

test('PHP and Node count, log in and log out in one session of PHP’s files', async () => {
  assert.deepEqual(checkExamples([program], names, modules), []);
  const found = await obtainPhpCli();
  assert.ok(!('reason' in found), 'reason' in found ? found.reason : '');
  mkdirSync(saved);
  writeFileSync(join(folder, 'index.php'), php);
  const port = await freePort();
  const settings = withIni([...found.ini, `session.save_path=${saved}`]);
  const command = [found.path, ...settings, '-S', `127.0.0.1:${port}`, '-t', folder];
  const server = supervise(command, folder, found.env);
  after(() => stopSupervised(server));
  await until(() => canConnect(port), 'PHP to listen');
  process.env['PHP_PAGE'] = `http://127.0.0.1:${port}/`;
  assert.deepEqual(await runExample(program, names, modules), []);
});

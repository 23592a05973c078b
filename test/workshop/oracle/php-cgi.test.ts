/** Native PHP over CGI, as the comparisons run it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  type PhpRequest,
  type PhpResponse,
  type PhpServer,
  startPhp,
} from '../../../src/workshop/oracle/php-cgi.ts';

let php: PhpServer;
let folder: string;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'phpsessid-php-'));
  php = await startPhp({ env: { GREETING: 'hello' } });
});
after(async () => {
  await php?.close();
  rmSync(folder, { recursive: true });
});

/** Runs this code for one request. */
async function answer(
  code: string,
  request: Partial<PhpRequest> = {},
  interpreter: PhpServer = php,
): Promise<PhpResponse> {
  const script = join(folder, 'page.php');
  writeFileSync(script, `<?php ${code}`);
  return await interpreter.request({ script, ...request });
}

test('PHP has the MySQL driver', async () => {
  assert.match(php.version, /^[78]\.\d+\.\d+$/);
  const { body } = await answer('echo implode(" ", PDO::getAvailableDrivers());');
  assert.match(body, /\bmysql\b/);
});

test('a script receives cookie, query, form, headers and environment', async () => {
  const { body } = await answer(
    'echo json_encode([$_COOKIE, $_GET, $_POST, $_SERVER["HTTP_X_ONE"], getenv("GREETING"), getenv("DATABASE_URL")]);',
    {
      cookie: 'MySession=1; other=2',
      query: 'user=ann&q=a%20b',
      body: 'name=Ann+%C3%A9',
      headers: { 'X-One': 'two' },
      env: { DATABASE_URL: 'mysql://here/' },
    },
  );
  assert.deepEqual(JSON.parse(body), [
    { MySession: '1', other: '2' },
    { user: 'ann', q: 'a b' },
    { name: 'Ann é' },
    'two',
    'hello',
    'mysql://here/',
  ]);
});

test('a script does not see the environment of the tests', async () => {
  process.env['PHPSESSID_TEST_SECRET'] = 'x';
  const { body } = await answer('var_dump(getenv("PHPSESSID_TEST_SECRET"));');
  delete process.env['PHPSESSID_TEST_SECRET'];
  assert.equal(body.trim(), 'bool(false)');
});

test('a query that looks like an option changes neither settings nor extensions', async () => {
  const code =
    'echo ini_get("session.name"), class_exists("PDO") ? " PDO " : " none ", $_SERVER["QUERY_STRING"];';
  const settings = { 'session.name': 'S' };
  assert.equal((await answer(code, { query: '-s', settings })).body, 'S PDO -s');
});

test('a response has its status, its headers in order, each cookie, and binary bytes', async () => {
  const response = await answer(
    'http_response_code(404); header("X-B: 1"); header("X-A: 2"); setcookie("a", "1"); setcookie("b", "2"); echo "\\xff\\r\\n\\r\\n\\x00";',
  );
  assert.equal(response.status, 404);
  const names = response.headers.map(([name]) => name);
  assert.deepEqual(names.slice(1), ['X-B', 'X-A', 'Set-Cookie', 'Set-Cookie', 'Content-type']);
  assert.deepEqual(response.setCookie, ['a=1', 'b=2']);
  assert.deepEqual([...response.bytes], [0xff, 13, 10, 13, 10, 0]);
});

test('settings are the defaults and those of the request, not those of the system', async () => {
  const code = 'echo ini_get("session.gc_divisor"), " ", ini_get("session.name");';
  assert.equal((await answer(code)).body, '100 PHPSESSID');
  const settings = { 'session.name': 'S', 'session.gc_divisor': '1' };
  assert.equal((await answer(code, { settings })).body, '1 S');
});

test('the output of error_log() is kept apart from the page', async () => {
  const { body, stderr } = await answer('error_log("aside"); echo "page";');
  assert.equal(body, 'page');
  assert.match(stderr, /aside/);
});

test('closing kills a request that runs forever', async () => {
  const other = await startPhp();
  const running = answer('while (true) {}', { settings: { max_execution_time: '0' } }, other);
  const refused = assert.rejects(running, /aborted|killed/);
  await other.close();
  await refused;
});

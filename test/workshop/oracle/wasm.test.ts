/** PHP from npm: the installed one, and those that are fetched. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { run, stripTypes } from '../../../src/workshop/machine/program.ts';
import { openWasmPhp } from '../../../src/workshop/oracle/wasm.ts';
import { HANG } from '../../hang.ts';

test('8.4 runs without anything being fetched', async () => {
  const php = await openWasmPhp({ progress: () => assert.fail('nothing is fetched') });
  assert.match((await php.run('<?php echo PHP_VERSION;')).toString(), /^8\.4\./);
  php.close();
});

test('php.ini, a header, a query and a form reach a script', async () => {
  const php = await openWasmPhp({ settings: { 'session.name': 'MY' } });
  const request = { headers: { Referer: 'http://x.test/' }, query: 'a=1', form: 'b=2' };
  const code = '<?php echo session_name(), $_SERVER["HTTP_REFERER"], $_GET["a"], $_POST["b"];';
  assert.equal((await php.run(code, request)).toString(), 'MYhttp://x.test/12');
  php.close();
});

test('files go in and come out, and folders go away', async () => {
  const php = await openWasmPhp();
  php.write('/some/deep/file', Buffer.from([0xff, 0]));
  assert.deepEqual([...php.readAll('/some')], [['deep/file', Buffer.from([0xff, 0])]]);
  php.remove('/some');
  php.remove('/some');
  assert.equal(
    (await php.run('<?php var_dump(file_exists("/some"));')).toString(),
    'bool(false)\n',
  );
  php.close();
});

test('a release that cannot be fetched is a reason with a remedy, and leaves nothing behind', async () => {
  const cache = await mkdtemp(join(tmpdir(), 'phpsessid-cache-'));
  // A registry that hangs up.
  const registry = createServer((socket) => socket.destroy());
  await once(registry.listen(0, '127.0.0.1'), 'listening');
  const { port } = registry.address() as { port: number };
  try {
    const code =
      "import { findBuild } from './src/workshop/oracle/wasm-build.ts';" +
      "console.log(JSON.stringify(await findBuild('8.5')));";
    const environment = {
      ...process.env,
      PHPSESSID_CACHE: cache,
      npm_config_registry: `http://127.0.0.1:${port}/`,
      npm_config_cache: join(cache, 'npm-cache'),
    };
    const args = [...stripTypes, '--input-type=module', '--eval', code];
    const result = await run(process.execPath, args, { environment, timeout: HANG });
    const { reason } = JSON.parse(result.stdout) as { reason: string };
    assert.match(
      reason,
      /^@php-wasm\/node-8-5@3\.\d+\.\d+ could not be fetched: .*Is the package/s,
    );
    assert.deepEqual(await readdir(join(cache, 'npm')), []);
  } finally {
    registry.close();
    await rm(cache, { recursive: true });
  }
});

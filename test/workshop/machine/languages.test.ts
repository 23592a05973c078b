/** The crawlers' languages: a C compiler, Python and PHP's command line, found or fetched. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { obtainPhpCli, withIni } from '../../../src/workshop/machine/php.ts';
import { run } from '../../../src/workshop/machine/program.ts';
import { compile, obtainCCompiler } from './c-compiler.ts';
import { obtainPython } from './python.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'phpsessid-languages-'));
});
after(() => rm(folder, { recursive: true }));

/** Returns what can be obtained; a machine on which it cannot fails the test by the reason. */
function had<Found extends object>(found: Found | { reason: string }): Found {
  if ('reason' in found) throw new Error(found.reason);
  return found;
}

test('a C compiler makes programs that call MariaDB’s library, and reports mistakes', async () => {
  const compiler = had(await obtainCCompiler());
  const [source, program] = [join(folder, 'client.c'), join(folder, 'client')];
  await writeFile(
    source,
    '#include <mysql.h>\n#include <stdio.h>\nint main(void) { return puts(mysql_get_client_info()) < 0; }\n',
  );
  await compile(compiler, source, program);
  const environment = { ...process.env, ...compiler.env };
  const { code, stdout } = await run(program, [], { environment });
  assert.equal(code, 0);
  assert.match(stdout, /^\d+\.\d+/);
  await writeFile(source, 'int main(void) { return undeclared; }\n');
  await assert.rejects(compile(compiler, source, program), /undeclared/);
});

test('Python imports PyMySQL', async () => {
  const { path, env, version, driver } = had(await obtainPython());
  assert.match(version, /^3\.\d+/);
  const environment = { ...process.env, ...env };
  const program = 'import pymysql, sys; print(pymysql.__version__, sys.executable)';
  const { stdout } = await run(path, ['-c', program], { environment });
  assert.equal(stdout.trim(), `${driver} ${path}`, 'no wrapper of it');
});

test('PHP’s command line has PDO for MySQL, and handles signals', async () => {
  const { path, ini, env, version } = had(await obtainPhpCli());
  const environment = { PATH: process.env['PATH'], ...env };
  const program =
    'echo PHP_VERSION, " ", implode(PDO::getAvailableDrivers()), function_exists("pcntl_signal");';
  const { stdout } = await run(path, [...withIni(ini), '-r', program], { environment });
  assert.equal(stdout, `${version} mysql1`);
});

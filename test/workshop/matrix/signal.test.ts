/** A matrix that is ended in the middle leaves nothing behind. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../../../src/workshop/course/catalogue.ts';
import { obtainServer } from '../../../src/workshop/machine/database/server.ts';
import { stripTypes } from '../../../src/workshop/machine/program.ts';

test('SIGTERM in the middle of a matrix ends it with 143, and its folders with it', async () => {
  const server = await obtainServer();
  const folder = mkdtempSync(join(tmpdir(), 'phpsessid-signal-'));
  const matrix = spawn(
    process.execPath,
    [...stripTypes, 'src/workshop/matrix/main.ts', '--lesson', '2'],
    { cwd: root, env: { ...process.env, WORKSHOP_DATABASE: server.url, TMPDIR: folder } },
  );
  let said = '';
  matrix.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (/^1 of \d+/.test(text)) matrix.kill('SIGTERM');
  });
  const [code] = await once(matrix, 'close');
  assert.equal(code, 143, said);
  assert.match(said, /ended by SIGTERM/);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('phpsessid-')),
    [],
  );
  rmSync(folder, { recursive: true });
  await server.close();
});

/**
 * `npm run test:mysql`: the tests that talk to a database, on MySQL instead of MariaDB.
 *
 * Arguments choose other test files, as for `npm test`. `npm test` itself leaves MySQL out, whose
 * program many systems do not have.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { startPrivateServer } from '../src/workshop/machine/database/private-server.ts';
import { stripTypes } from '../src/workshop/machine/program.ts';
import { cleanUpBeforeSignals } from '../src/workshop/machine/signals.ts';
import { obtainMysql } from './workshop/machine/mysql.ts';

const help = `npm run test:mysql             the tests of the store and of the adapters, on MySQL
npm run test:mysql -- PART …   the test files whose path contains PART
MySQL is found on this machine, or fetched on Debian: 49 MB.`;

const wanted = process.argv.slice(2);
if (wanted.includes('--help') || wanted.includes('-h')) {
  console.log(help);
  process.exit();
}
const progress = (line: string): void => console.log(line);
const program = await obtainMysql({ progress });
if ('reason' in program) {
  console.error(program.reason);
  process.exitCode = 1;
} else {
  const server = await startPrivateServer(program, { progress });
  const release = cleanUpBeforeSignals(() => server.stop());
  try {
    const files = wanted.length === 0 ? ['store/', 'adapters/'] : wanted;
    const options = [...stripTypes, 'test/run.ts', ...files];
    const environment = { ...process.env, DATABASE_URL: server.url, WORKSHOP_DATABASE: undefined };
    const run = spawn(process.execPath, options, { env: environment, stdio: 'inherit' });
    const [code] = await once(run, 'exit');
    process.exitCode = code ?? 1;
  } finally {
    release();
    await server.stop();
  }
}

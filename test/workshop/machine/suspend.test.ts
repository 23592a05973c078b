import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { stripTypes } from '../../../src/workshop/machine/program.ts';
import { HANG } from '../../hang.ts';

const supervise = new URL('../../../src/workshop/machine/supervise.ts', import.meta.url);

/** Starts a process that ends with its input, and lets it hang. */
const program = `
  import { spawn } from 'node:child_process';
  import { suspend } from '${supervise.href}';
  const child = spawn('cat', { stdio: ['pipe', 'inherit', 'ignore'], detached: true });
  await suspend(child.pid);
  console.log('it hangs');
  setInterval(() => {}, 1_000);
`;

test('a process that hangs ends when its owner is killed', async () => {
  const options = [...stripTypes, '--input-type=module', '--eval', program];
  const owner = spawn(process.execPath, options, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(owner.stdout, 'data');
  owner.kill('SIGKILL');
  // The process that hangs has the output too: it closes when both have ended.
  await once(owner, 'close', { signal: AbortSignal.timeout(HANG) });
});

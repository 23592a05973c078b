/** A process that is asked to end takes its children along, whatever they are doing. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { root } from '../../../src/workshop/course/catalogue.ts';
import { stripTypes } from '../../../src/workshop/machine/program.ts';
import { HANG } from '../../hang.ts';

const brood = pathToFileURL(join(root, 'src/workshop/sandbox/children.ts')).href;

/** A parent whose child is in an endless loop; prints the child's number. */
const parentProgram = `
  import { spawn } from 'node:child_process';
  import { keepTrackOf } from '${brood}';
  const child = spawn(process.execPath, ['-e', 'process.stdout.write("x"); for (;;);'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  keepTrackOf(child);
  child.stdout.once('data', () => console.log(child.pid));
  process.stdin.once('data', () => process.exit(0));
`;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Starts the parent, ends it, and says whether its child went along. */
async function outlived(end: (parent: ReturnType<typeof spawn>) => void): Promise<boolean> {
  const parent = spawn(
    process.execPath,
    [...stripTypes, '--input-type=module', '-e', parentProgram],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const [printed] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(String(printed));
  assert.ok(isAlive(pid));
  end(parent);
  await once(parent, 'exit');
  for (const deadline = performance.now() + HANG; performance.now() < deadline; ) {
    if (!isAlive(pid)) return false;
    await new Promise((resolve) => setImmediate(resolve));
  }
  process.kill(pid, 'SIGKILL');
  return true;
}

test('a child in an endless loop ends with a parent that exits', async () => {
  assert.equal(await outlived((parent) => parent.stdin?.write('exit\n')), false);
});

test('a child in an endless loop ends with a parent that gets a signal', async () => {
  assert.equal(await outlived((parent) => parent.kill('SIGTERM')), false);
});

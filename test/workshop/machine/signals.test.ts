/** Signals to a program with clean-ups. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { root } from '../../../src/workshop/course/catalogue.ts';
import { stripTypes } from '../../../src/workshop/machine/program.ts';

const module = pathToFileURL(join(root, 'src/workshop/machine/signals.ts')).href;

/** Sends SIGTERM to a program once it prints, and returns how it ended and what it printed. */
async function terminate(program: string): Promise<unknown[]> {
  const source = `
    import { cleanUpBeforeSignals, decideOnSignals } from '${module}';
    ${program}
    setInterval(() => {}, 1000);
    console.log('ready');
  `;
  const child = spawn(process.execPath, [...stripTypes, '--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (printed === '') child.kill('SIGTERM');
    printed += text;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return [code, signal, printed.trim().split('\n')];
}

test('a signal waits for every clean-up and then has its default effect', async () => {
  const ended = await terminate(`
    cleanUpBeforeSignals(() => Promise.reject(new Error('the first clean-up fails')));
    cleanUpBeforeSignals(async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      console.log('clean');
    });
  `);
  assert.deepEqual(ended, [null, 'SIGTERM', ['ready', 'clean']]);
});

test('a program that handles its own end is not ended by the signal', async () => {
  const ended = await terminate(`
    cleanUpBeforeSignals(() => console.log('clean'));
    const release = decideOnSignals((signal) => {
      release();
      console.log(signal);
      setTimeout(() => process.exit(3), 50);
    });
  `);
  assert.deepEqual(ended, [3, null, ['ready', 'clean', 'SIGTERM']]);
});

test('a removed clean-up does not run', async () => {
  const ended = await terminate(`cleanUpBeforeSignals(() => console.log('clean'))();`);
  assert.deepEqual(ended, [null, 'SIGTERM', ['ready']]);
});

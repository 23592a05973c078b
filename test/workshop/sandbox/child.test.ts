/** The limits of a child's silence and of its start. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { run, stripTypes } from '../../../src/workshop/machine/program.ts';
import { runChild } from '../../../src/workshop/sandbox/child.ts';
import { reportVariable } from '../../../src/workshop/sandbox/report.ts';
import { startServer } from '../../../src/workshop/sandbox/server.ts';

const folder = mkdtempSync(join(tmpdir(), 'phpsessid-child-'));
after(() => rmSync(folder, { recursive: true }));

/** A program that reports its steps to the given moment, and then does what the code says. */
function program(name: string, steps: number, then: string): string {
  const path = join(folder, name);
  writeFileSync(
    path,
    `import { writeSync } from 'node:fs';
    for (let step = 1; step <= ${steps}; step += 1) {
      writeSync(Number(process.env.${reportVariable}), JSON.stringify({ step }) + '\\n');
      await new Promise((go) => setTimeout(go, 50));
    }
    ${then}`,
  );
  return path;
}

test('a child that sends no report is ended', async () => {
  const silent = program('silent.mjs', 1, 'for (;;);');
  const { silent: isSilent, signal } = await runChild({
    program: silent,
    silence: 0.5,
    onReport() {},
  });
  assert.deepEqual([isSilent, signal], [true, 'SIGKILL']);
});

test('a child whose reports came while this process had no time is not ended', async () => {
  const steps: number[] = [];
  const { silent, code } = await runChild<{ step: number }>({
    program: program(
      'lively.mjs',
      40,
      `writeSync(Number(process.env.${reportVariable}), 'not a report\\n');`,
    ),
    silence: 0.5,
    onReport({ step }) {
      steps.push(step);
      if (step === 5) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
    },
  });
  assert.deepEqual([silent, code], [false, 0]);
  assert.equal(steps.at(-1), 40);
});

test('a class whose file is never loaded is ended, with what to look for', async () => {
  const waiting = program(
    'waiting.mjs',
    0,
    'setInterval(() => {}, 1_000); await new Promise(() => {});',
  );
  await assert.rejects(startServer({ program: waiting, startLimit: 300 }), {
    name: 'ClassUnavailable',
    message: /not loaded within 0\.3 seconds: is there an await at the top of its file/,
  });
});

test('TypeScript is loaded without another thread, whose start costs as much as Node’s', async () => {
  const program = `import { Worker } from 'node:worker_threads';
    console.log(new Worker('', { eval: true }).threadId);`;
  const args = [...stripTypes, '--input-type=module', '--eval', program];
  assert.equal((await run(process.execPath, args)).stdout, '1\n');
});

/** The limits of a child's silence and of its start. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
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
    const [pipe, key] = process.env.${reportVariable}.split(' ');
    const write = (text) => writeSync(Number(pipe), text + '\\n');
    const report = (value) => write(key + ' ' + JSON.stringify(value));
    for (let step = 1; step <= ${steps}; step += 1) {
      report({ step });
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

test('a child that loads a class may be silent for longer', async () => {
  const wait = 'await new Promise((go) => setTimeout(go, 800));';
  const { silent, code } = await runChild<{ step: number }>({
    program: program('loading.mjs', 2, wait),
    silence: 0.5,
    isLoading: ({ step }) => step === 2,
    onReport() {},
  });
  assert.deepEqual([silent, code], [false, 0]);
});

test('only an object with the key is taken for a report', async () => {
  const reports: object[] = [];
  const { code } = await runChild<object>({
    program: program(
      'scribbles.mjs',
      1,
      `for (const value of [null, 1, 'kind', {}]) report(value);
      for (const line of [key, key + ' {', '{}', '{ "kind": "trace" }']) write(line);`,
    ),
    isLoading: (report) => 'step' in report,
    onReport: (report) => reports.push(report),
  });
  assert.deepEqual([code, reports], [0, [{ step: 1 }, {}]]);
});

/** The programs below are on one CPU then, and this process is on any. */
async function crowd(pid: number, test: TestContext): Promise<void> {
  const loops = Array.from({ length: 4 }, () => spawn('sh', ['-c', 'while :; do :; done']));
  test.after(() => {
    for (const loop of loops) loop.kill('SIGKILL');
  });
  const pids = [pid, ...loops.map((loop) => loop.pid)];
  for (const each of pids) await run('taskset', ['-p', '-c', '0', String(each)]);
}

const onLinux = process.platform === 'linux' ? test : () => {};

onLinux('a child that others keep from the CPU is not taken for silent', async (context) => {
  const step = 'report({ pid: process.pid });';
  const busy = program(
    'busy.mjs',
    0,
    `${step}
    await new Promise((go) => setTimeout(go, 200));
    for (let work = 0; work < 3; work += 1) {
      const began = process.cpuUsage();
      for (let spent = 0; spent < 200_000; ) {
        const { user, system } = process.cpuUsage(began);
        spent = user + system;
      }
      ${step}
    }`,
  );
  let crowded = false;
  const began = performance.now();
  const { silent, code } = await runChild<{ pid: number }>({
    program: busy,
    silence: 0.6,
    onReport({ pid }) {
      if (!crowded) void crowd(pid, context);
      crowded = true;
    },
  });
  assert.deepEqual([silent, code], [false, 0]);
  assert.ok(performance.now() - began > 2_000, 'it was kept from the CPU');
});

test('a child whose reports came while this process had no time is not ended', async () => {
  const steps: number[] = [];
  const { silent, code } = await runChild<{ step: number }>({
    program: program('lively.mjs', 40, "write('not a report');"),
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

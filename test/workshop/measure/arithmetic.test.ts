/** The arithmetic of the benchmarks, their options, and the CPU time they read from the system. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { cpuTimeOf } from '../../../src/workshop/measure/cpu.ts';
import { orderOf, quantile, type Round } from '../../../src/workshop/measure/figures.ts';
import { summarise } from '../../../src/workshop/measure/lessons/numbers.ts';
import { type RunOptions, readOptions } from '../../../src/workshop/measure/options.ts';

const names = ['lesson-05', 'lesson-06', 'express'];
const counted = { statements: 3, connections: 1 };

function round(perSecond: number, more: Partial<Round> = {}): Round {
  return { perSecond, server: 800, database: 200, p50: 1, p99: 4, failed: 0, ...more };
}

test('a median is the middle figure, or the mean of the two in the middle', () => {
  assert.equal(quantile([9, 1, 5], 0.5), 5);
  assert.equal(quantile([4, 1, 3, 2], 0.5), 2.5);
  assert.ok(Number.isNaN(quantile([], 0.5)));
});

test('one slow round changes neither the median nor the quartiles', () => {
  const rounds = [1000, 1010, 3, 1020, 1030, 1040, 1050, 1060, 1070].map((each) => round(each));
  const { perSecond } = summarise(rounds, counted);
  assert.deepEqual(perSecond, { median: 1030, low: 1010, high: 1050 });
});

test('the CPU time of web server and database is added round by round', () => {
  const rounds = [
    round(1, { server: 100, database: 900 }),
    round(1, { server: 900, database: 100 }),
    round(1, { server: 500, database: 500 }),
  ];
  const { cpu } = summarise(rounds, counted);
  assert.deepEqual(cpu, { median: 1000, low: 1000, high: 1000 });
});

test('a figure that one round could not measure is null', () => {
  const { cpu, server } = summarise([round(1), round(1, { database: null })], counted);
  assert.equal(cpu, null);
  assert.equal(server?.median, 800);
});

test('each round asks every contender once, and begins with another', () => {
  const orders = [0, 1, 2].map((turn) => orderOf(names, turn));
  for (const order of orders) assert.deepEqual([...order].sort(), [...names].sort());
  assert.deepEqual(orders, [
    ['lesson-05', 'lesson-06', 'express'],
    ['lesson-05', 'express', 'lesson-06'],
    ['express', 'lesson-05', 'lesson-06'],
  ]);
});

test('without options a run is seven rounds of a second with all contenders', () => {
  assert.deepEqual(readOptions([], names, 4), {
    rounds: 7,
    seconds: 1,
    clients: 4,
    sessions: 30_000,
    only: undefined,
    json: false,
    save: undefined,
    help: false,
  } satisfies RunOptions);
});

test('options replace the defaults', () => {
  const options = readOptions(['--rounds', '9', '--seconds=0.5', '--only', 'express'], names, 4);
  assert.ok(typeof options !== 'string');
  assert.deepEqual([options.rounds, options.seconds, options.only], [9, 0.5, ['express']]);
});

test('an option with an invalid value is named with the values it takes', () => {
  const refused = (...args: string[]): unknown => readOptions(args, names, 4);
  assert.equal(
    refused('--rounds', 'many'),
    '--rounds takes a whole number from 1 to 99; got "many"',
  );
  assert.equal(refused('--rounds', '2.5'), '--rounds takes a whole number from 1 to 99; got "2.5"');
  assert.equal(refused('--seconds', '0'), '--seconds takes a number from 0.1 to 60; got "0"');
  assert.equal(refused('--clients', ''), '--clients takes a whole number from 1 to 64; got ""');
  assert.equal(
    refused('--only', 'lesson-5'),
    '--only: there is no "lesson-5"; there are lesson-05, lesson-06, express',
  );
  assert.match(
    String(refused('--save', 'no/such/folder/n.json')),
    /^--save: there is no folder no/,
  );
  assert.match(String(refused('--fast')), /'--fast'/);
});

test('figures are saved only from seven rounds or more', () => {
  const refusal = readOptions(['--rounds', '3', '--save', 'numbers.json'], names, 4);
  assert.equal(refusal, '--save takes 7 rounds or more; got --rounds 3');
});

const skip = existsSync('/proc/self/stat') ? false : 'this system has no /proc';

/** Works for 300 ms of CPU time, however long a busy machine takes for that. */
const busy = 'while (process.cpuUsage().user < 300000); process.stdout.write("worked");';

test("a process's CPU time includes that of a child which has ended", { skip }, async () => {
  const run = `process.stdout.write(execFileSync(process.execPath, ['-e', ${JSON.stringify(busy)}]))`;
  await expectWork(`${run}; process.stdin.resume();`);
});

test("a process's CPU time includes that of a running child", { skip }, async () => {
  const program = `${busy} process.stdin.resume();`;
  await expectWork(
    `spawn(process.execPath, ['-e', ${JSON.stringify(program)}], { stdio: 'inherit' })`,
  );
});

async function expectWork(script: string): Promise<void> {
  const program = `const { execFileSync, spawn } = require('node:child_process'); ${script}`;
  const parent = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    await once(parent.stdout, 'data');
    const worked = cpuTimeOf([parent.pid ?? 0]) ?? 0;
    assert.ok(worked > 200_000, `${worked} µs`);
  } finally {
    const ended = once(parent, 'close');
    parent.stdin.end();
    await ended;
  }
}

test('the CPU time of an empty list is undefined', () => {
  assert.equal(cpuTimeOf([]), undefined);
});

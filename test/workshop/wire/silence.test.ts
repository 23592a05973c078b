import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { afterSilence, type Silence } from '../../../src/workshop/wire/silence.ts';

const silence = (milliseconds: number, progress: () => number): Promise<Silence> =>
  new Promise((resolve) => {
    // The wait itself keeps no process running; this one has nothing else to do.
    const awake = setInterval(() => {}, 1000);
    afterSilence(milliseconds, progress, (ended) => {
      clearInterval(awake);
      resolve(ended);
    });
  });

test('a silence begins anew with each sign of progress', async () => {
  let events = 0;
  const quiet = silence(300, () => events);
  for (let turn = 1; turn <= 6; turn += 1) {
    await delay(60);
    events = turn;
  }
  const { isQuiet, milliseconds } = await quiet;
  assert.equal(events, 6);
  assert.equal(isQuiet, true);
  assert.ok(milliseconds > 300, `${milliseconds} ms`);
});

test('a process that computes is not silent', async () => {
  let isOver = false;
  const quiet = silence(600, () => 0).then(() => isOver);
  for (let turn = 1; turn <= 40; turn += 1) {
    const until = performance.now() + 15;
    while (performance.now() < until);
    await delay(5);
  }
  isOver = true;
  assert.equal(await quiet, true);
});

test('work without a pause is taken for silence after three times as long', async () => {
  let events = 0;
  const { isQuiet, milliseconds } = await silence(50, () => {
    events += 1;
    return events;
  });
  assert.deepEqual([isQuiet, milliseconds], [false, 150]);
});

test('a wait that was stopped never ends', async () => {
  let hasEnded = false;
  const stop = afterSilence(
    20,
    () => 0,
    () => {
      hasEnded = true;
    },
  );
  stop();
  await silence(60, () => 0);
  assert.equal(hasEnded, false);
});

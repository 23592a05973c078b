import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
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

/**
 * Stops the time that a wait sees, so that a busy machine cannot disturb it.
 *
 * @returns Lets 30 ms pass until the next look. The process computes for a part of them, and the look
 *   may come late.
 */
function simulate({ mock }: TestContext): (computes?: number, late?: number) => void {
  let [now, cpu] = [0, 0];
  mock.timers.enable({ apis: ['setInterval'] });
  mock.method(performance, 'now', () => now);
  mock.method(process, 'cpuUsage', (before = { user: 0, system: 0 }) => ({
    user: cpu * 1000 - before.user,
    system: 0,
  }));
  return (computes = 0, late = 0) => {
    now += 30 + late;
    cpu += computes;
    mock.timers.tick(30);
  };
}

test('a silence begins anew with each sign of progress', (context) => {
  const pass = simulate(context);
  let events = 0;
  const ends: Silence[] = [];
  afterSilence(
    300,
    () => events,
    (end) => ends.push(end),
  );
  for (let turn = 1; turn <= 6; turn += 1) {
    pass();
    pass();
    events = turn;
  }
  for (let turn = 1; turn <= 10; turn += 1) pass();
  assert.deepEqual(ends, []);
  pass();
  assert.deepEqual(ends, [{ isQuiet: true, milliseconds: 690 }]);
});

test('a process that computes, or whose timer is late, is not silent', (context) => {
  const pass = simulate(context);
  const ends: Silence[] = [];
  afterSilence(
    300,
    () => 0,
    (end) => ends.push(end),
  );
  for (let turn = 1; turn <= 8; turn += 1) {
    pass(15);
    pass();
  }
  pass(0, 30);
  for (let turn = 1; turn <= 9; turn += 1) pass();
  assert.deepEqual(ends, []);
  pass();
  assert.deepEqual(
    ends.map(({ isQuiet }) => isQuiet),
    [true],
  );
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

/** `npm run servers`: the site of lesson 23, with its count and its keys. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { closeWorkshops, openWorkshop } from './workshop.ts';

after(closeWorkshops);

const { run, type, typeUnder } = await openWorkshop();

test('the site counts over its servers, and says who has answered', async () => {
  const { code, output } = await run('servers', '--json', '--requests', '30');
  const { count, failed, answered } = JSON.parse(output) as {
    count: number;
    failed: number;
    answered: Record<string, number>;
  };
  assert.deepEqual([code, count, failed], [0, 30, 0]);
  assert.deepEqual(Object.keys(answered).sort(), ['A', 'B', 'PHP']);
  assert.equal(
    Object.values(answered).reduce((sum, number) => sum + number),
    count,
  );
});

test('keys kill a server and start it again, and the site continues', async () => {
  const typist = type('servers', '--requests', '12');
  await typist.sees(/the counter is at 12/);
  typist.press('a');
  await typist.sees(/A was killed/);
  typist.press('r');
  await typist.sees(/failed: 0[\s\S]*the counter is at 12/);
  typist.press('bpr');
  await typist.sees(/✘ no server answers \(haproxy [\d.]+: 503\)\. a, b and p start them/);
  typist.press('a');
  await typist.sees(/A is up/);
  typist.press('q');
  assert.equal((await typist.ended()).code, 0);
});

test('Ctrl-C ends the count, without a verdict', async () => {
  const typist = type('servers', '--requests', '3000');
  await typist.sees(/one browser sends 3000 requests/);
  typist.press('\u0003');
  const { code, output } = await typist.ended();
  assert.equal(code, 130);
  assert.doesNotMatch(output, /the counter is at/);
});

test('a signal while the site stays ends it with the code of the signal', async () => {
  const typist = typeUnder('echo "pid $$"; exec "$@"', 'servers', '--requests', '3');
  const pid = Number((await typist.sees(/pid \d+/)).slice(4));
  await typist.sees(/q quit/);
  process.kill(pid, 'SIGINT');
  assert.equal((await typist.ended()).code, 130);
});

test('an invalid number of requests is refused', async () => {
  for (const wrong of ['2', 'many']) {
    const { code, errors } = await run('servers', `--requests=${wrong}`);
    assert.equal(code, 2, wrong);
    assert.match(
      errors,
      /--requests takes a whole number from 3 to 100000, and "\w+" is not one\./,
    );
  }
});

/** Sessions that PHP has written, kept in the format json: PHP and other programs read them again. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { decodeEnvelope, decodeSession } from '../../src/serialize/index.ts';
import { Payload } from '../../src/store/payload/payload.ts';
import { Variables } from '../../src/store/payload/variables.ts';
import { openOracle } from '../../src/workshop/fuzz/oracle.ts';
import { arrayPlans } from '../../src/workshop/fuzz/plans.ts';
import { obtainPython } from '../workshop/machine/python.ts';

// The same cases each time; SEED=… tries others.
const seed = Number(process.env['SEED'] ?? 20_100_903);
const oracle = await openOracle();
after(() => oracle.close());

async function sessionsOfPhp(count: number): Promise<Buffer[]> {
  const plans = fc.sample(arrayPlans, { seed, numRuns: count });
  const answers = await oracle.encode('php_serialize', plans);
  return answers.map(({ bytes }) => bytes.subarray(1)).filter((bytes) => bytes.length > 0);
}

test('a session of PHP is the same bytes after it was in JSON, and after a change there', async () => {
  for (const bytes of await sessionsOfPhp(500)) {
    const row = new Payload(bytes, 'json').with(new Map(), 'json');
    const back = new Payload(row, 'php_serialize').with(new Map(), 'php_serialize');
    assert.deepEqual(back, bytes, row.toString());
    const { variables: read } = decodeSession('php_serialize', bytes);
    assert.deepEqual(decodeEnvelope(row), read);
    const variables = new Variables(row, 'json');
    for (const key of Object.keys(variables.data)) variables.data[key];
    assert.equal(variables.encode(), row, 'it was read, and not changed');
    variables.data['added by Node'] = 1;
    const changed = new Variables(variables.encode(), 'json');
    delete changed.data['added by Node'];
    const again = new Payload(changed.encode(), 'php_serialize').with(new Map(), 'php_serialize');
    assert.deepEqual(again, bytes, row.toString());
  }
});

test("a row that Python's json has written again is the same session", async () => {
  const python = await obtainPython();
  if ('reason' in python) throw new Error(python.reason);
  const sessions = await sessionsOfPhp(100);
  const rows = sessions.map((bytes) => new Payload(bytes, 'json').with(new Map(), 'json'));
  const program = 'import json, sys\nfor line in sys.stdin: print(json.dumps(json.loads(line)))';
  const { stdout, stderr } = spawnSync(python.path, ['-c', program], {
    input: rows.map((row) => `${row}\n`).join(''),
    encoding: 'utf8',
    env: { ...process.env, ...python.env, PYTHONIOENCODING: 'utf-8' },
    maxBuffer: 2 ** 26,
  });
  assert.equal(stderr, '');
  const lines = stdout.trimEnd().split('\n');
  for (const [index, bytes] of sessions.entries()) {
    const payload = new Payload(Buffer.from(`${lines[index]}`), 'json');
    assert.deepEqual(payload.with(new Map(), 'php_serialize'), bytes, `${rows[index]}`);
  }
});

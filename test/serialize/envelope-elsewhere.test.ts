/** The envelope in programs that have none of our code. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { decodeEnvelope, decodeSession, encodeEnvelope } from '../../src/serialize/index.ts';
import { openOracle } from '../../src/workshop/fuzz/oracle.ts';
import { arrayPlans } from '../../src/workshop/fuzz/plans.ts';
import { openWasmPhp } from '../../src/workshop/oracle/wasm.ts';
import { obtainPython } from '../workshop/machine/python.ts';

// The same cases each time; SEED=… tries others.
const seed = Number(process.env['SEED'] ?? 20_100_902);
const oracle = await openOracle();
const php = await openWasmPhp();
after(() => {
  oracle.close();
  php.close();
});

/** Returns random sessions as PHP has written them, in the notation php_serialize. */
async function sessionsOfPhp(count: number): Promise<Buffer[]> {
  const plans = fc.sample(arrayPlans, { seed, numRuns: count });
  return (await oracle.encode('php_serialize', plans)).map(({ bytes }) => bytes.subarray(1));
}

test("is what another parser reads: PHP's json_decode gives what its unserialize gives", async () => {
  const sessions = await sessionsOfPhp(1500);
  const lines = sessions.flatMap((bytes) => {
    const envelope = encodeEnvelope(decodeSession('php_serialize', bytes).variables);
    // A value with a tag is the business of the program that knows the tags.
    return envelope.includes('$php') ? [] : [`${bytes.toString('base64')} ${envelope}`];
  });
  const nested = (levels: number): string[] => {
    const deep = `${'a:1:{s:1:"a";'.repeat(levels)}i:1;${'}'.repeat(levels)}`;
    const envelope = encodeEnvelope(decodeSession('php_serialize', deep).variables).toString();
    return envelope.startsWith('{"v":2,"data":') ? [`${btoa(deep)} ${envelope}`] : [];
  };
  const deepest = [509, 510, 511, 512, 513].flatMap(nested);
  assert.equal(deepest.length, 2, 'sessions of up to 510 levels, and the envelope itself');
  lines.push(...deepest);
  assert.ok(lines.length > 50, `${lines.length} sessions`);
  php.write('/tmp/envelopes', Buffer.from(lines.join('\n')));
  const output = await php.run(`<?php
      foreach (file('/tmp/envelopes', FILE_IGNORE_NEW_LINES) as $line) {
        [$bytes, $json] = explode(' ', $line, 2);
        if (json_decode($json, true)['data'] !== unserialize(base64_decode($bytes))) echo "$line\n";
      }
      echo 'compared';`);
  assert.equal(output.toString(), 'compared');
});

test("is read and written by Python's json, and is the same session afterwards", async () => {
  const python = await obtainPython();
  if ('reason' in python) throw new Error(python.reason);
  const envelopes = (await sessionsOfPhp(500))
    .map((bytes) => decodeSession('php_serialize', bytes).variables)
    .map((variables) => ({ variables, envelope: encodeEnvelope(variables).toString() }));
  const program = 'import json, sys\nfor line in sys.stdin: print(json.dumps(json.loads(line)))';
  const { stdout, stderr } = spawnSync(python.path, ['-c', program], {
    input: envelopes.map(({ envelope }) => envelope).join('\n'),
    encoding: 'utf8',
    env: { ...process.env, ...python.env, PYTHONIOENCODING: 'utf-8' },
    maxBuffer: 2 ** 26,
  });
  assert.equal(stderr, '');
  const lines = stdout.trimEnd().split('\n');
  for (const [index, { variables, envelope }] of envelopes.entries()) {
    assert.deepEqual(decodeEnvelope(`${lines[index]}`), variables, envelope);
  }
});

test("holds what lesson 21's program lets PHP write", async () => {
  const folder = new URL('../../lessons/21-a-format-for-every-language/', import.meta.url);
  const output = await php.run(readFileSync(new URL('rows.php', folder), 'utf8'));
  assert.equal(output.toString(), readFileSync(new URL('rows-by-php.json', folder), 'utf8'));
});

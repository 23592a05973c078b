/** Request sequences in the PHP that is installed and in the port. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { session_id, session_start, withPhpRequest } from '#php';
import { openWasmPhp } from '../../../src/workshop/oracle/wasm.ts';
import { keepResults, type SequenceTotal } from '../../../src/workshop/site/comparisons.ts';
import { partsOf } from '../parts.ts';
import '../own-save-path.ts';
import { type Compared, compareAll } from './compare.ts';
import { generate } from './generator.ts';
import { assertEqual, totalOf } from './same.ts';
import { scenarios } from './scenarios.ts';
import { tallyBySubject } from './tally.ts';

const SEED = Number(process.env['SEED'] ?? 20261123);

/** The text of the page on PHP and this library. */
const totals: SequenceTotal[] = [];
let written: readonly Compared[] = [];

after(() => keepResults('sequences', { groups: tallyBySubject(written), totals }));

test('request sequences go as in PHP 8.4: callbacks, headers, answers, messages, bytes', async () => {
  written = await compareAll(scenarios, '8.4');
  totals.push(await totalOf(written, '8.4', 'written by hand'));
  assertEqual(written);
});

test('PHP keeps a cookie of the same name in another spelling of Set-Cookie; here it is replaced', async () => {
  const php = await openWasmPhp({ settings: { 'session.cache_limiter': '' } });
  after(() => php.close());
  const page = `<?php header('set-cookie: PHPSESSID=1'); header('Set-Cookie:PHPSESSID=2', false);
    session_id('a'); session_start(); echo implode('|', preg_grep('/^set-cookie/i', headers_list()));`;
  assert.equal(
    (await php.run(page)).toString(),
    'set-cookie: PHPSESSID=1|Set-Cookie:PHPSESSID=2|Set-Cookie: PHPSESSID=a; path=/',
  );
  const { headers, parts } = partsOf();
  parts.head.setHeader('Set-Cookie', ['PHPSESSID=1', 'PHPSESSID=2']);
  await withPhpRequest(
    {},
    async () => {
      session_id('a');
      await session_start();
    },
    parts,
  );
  assert.deepEqual(headers.get('Set-Cookie'), ['PHPSESSID=a; path=/']);
});

test('generated request sequences go as in PHP 8.4', async () => {
  const compared = await compareAll(generate(SEED, 300), '8.4');
  totals.push(await totalOf(compared, '8.4', 'made from a seed'));
  assertEqual(compared, ` (SEED=${SEED})`);
});

/** Request sequences in the releases of PHP that are fetched once, and skipped without a network. */
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import {
  type PhpOptions,
  type PhpVersion,
  SID,
  session_id,
  session_regenerate_id,
  withPhpRequest,
} from '#php';
import { openWasmPhp } from '../../../src/workshop/oracle/wasm.ts';
import { findBuild } from '../../../src/workshop/oracle/wasm-build.ts';
import { keepResults, type SequenceTotal } from '../../../src/workshop/site/comparisons.ts';
import { compareAll, differencesAmong } from './compare.ts';
import { assertEqual, totalOf } from './same.ts';
import { scenarios } from './scenarios.ts';
import '../own-save-path.ts';

/** The text of the page on PHP and this library. */
const totals: SequenceTotal[] = [];

after(() => keepResults('releases', totals));

async function compareWhereAvailable(t: TestContext, version: PhpVersion): Promise<void> {
  const build = await findBuild(version);
  if ('reason' in build) return t.skip(build.reason);
  const compared = await compareAll(scenarios, version);
  totals.push(await totalOf(compared, version, 'written by hand'));
  assertEqual(compared);
}

test('request sequences go as in PHP 8.2', (t) => compareWhereAvailable(t, '8.2'));

test('request sequences go as in PHP 8.3', (t) => compareWhereAvailable(t, '8.3'));

test('request sequences go as in PHP 8.5', (t) => compareWhereAvailable(t, '8.5'));

test('PHP 8.2 compiles the first SID into a page of session.auto_start; here SID changes with the id', async (t) => {
  const build = await findBuild('8.2');
  if ('reason' in build) return t.skip(build.reason);
  const on = { 'session.auto_start': '1', 'session.use_only_cookies': '0' } as const;
  const php = await openWasmPhp({ version: '8.2', settings: on });
  after(() => php.close());
  const page = `<?php session_id() or exit; $first = SID; session_regenerate_id();
    echo json_encode([SID === $first, constant('SID') === 'PHPSESSID=' . session_id()]);`;
  assert.equal((await php.run(page)).toString(), '[true,true]');
  const options: PhpOptions = { version: '8.2', settings: on, onMessage() {} };
  await withPhpRequest(options, async () => {
    await session_regenerate_id();
    assert.equal(String(SID), `PHPSESSID=${session_id()}`);
  });
});

/** PHP 8.5's values of the settings whose defaults 8.6 changes. */
const OLD_DEFAULTS = { use_strict_mode: '0', cookie_httponly: '0', cookie_samesite: '' };
/**
 * 8.6 warns of a handler's missing methods, an empty session is data that has not changed, and a
 * create_sid() that returns no string has a TypeError.
 */
const CHANGED_IN_8_6 = [
  /is missing the (?:create_sid|validateId)\(\) method which will be required in PHP 9\.0/,
  /does not have the \w+\(\) method defined is deprecated/,
  /^\["callback","(?:write|update_timestamp)",\[.*,""\]\]$/,
  /^\["result","session_encode",(?:false|"")\]$/,
  /^\["throws","\w+","(?:Type)?Error","Session id must be /,
];
/**
 * Sequences that these changes send another way: the warning of a missing method is thrown; a
 * subclass of SessionHandler inherits validateId(); a setting with a NUL, an unknown SameSite and a
 * lifetime that is no integer are refused; session_module_name() refuses "user" in other words;
 * SessionHandler::create_sid() asks no handler that is not open; a failed save names write() where
 * there is no updateTimestamp(); an empty session that is only touched stays unknown to the next
 * start; a create_sid() that fails leaves no cookie and no open handler.
 */
const CHANGED_SEQUENCES = [
  'SessionHandler::close() with wrong arguments',
  'SessionHandler::create_sid() after session_module_name() asks the callbacks before it',
  'a check of an id that fails: full',
  ...['false', 'null', '{"throws":"no"}'].map(
    (answer) => `a handler left open, closed by session_module_name(): ${answer}`,
  ),
  'a line end at the end of a cookie',
  'a line that ends in blanks',
  'check touch: strict',
  'cookie params [-1,"/b"]',
  'cookie params [{"lifetime":"x"}]',
  'cookie params [{"lifetime":-5,"path":"/q"}]',
  'cookie params [{"samesite":"ä; x"}]',
  ...['-1', '0', '1', '[]', 'false', 'null', 'true', '{"throws":"no"}'].map(
    (answer) => `create_sid answers ${answer}, regenerate`,
  ),
  ...[1, 11, 12, 13, 2, 3, 8].map((number) => `errors are exceptions ${number}`),
  ...['-1', '-x', '1k', '3.7', 'x'].map((value) => `ini_set cookie_lifetime="${value}"`),
  'nulls but vu: strict',
  'parent-id: strict',
  'parent: strict',
  'session_module_name after a session',
  'session_module_name before a session',
  'settings with a NUL',
  ...['""', '"a b"', '"text"', `"${'x'.repeat(19)}`, '1', '[]', 'null', '{"throws":"no"}'].flatMap(
    (answer) => ['regenerate', 'strict'].map((when) => `validate_sid answers ${answer}, ${when}`),
  ),
];

test('with the defaults of 8.5, PHP 8.6 differs from it only where a change is known', async (t) => {
  const build = await findBuild('8.5');
  if ('reason' in build) return t.skip(build.reason);
  const list = scenarios.map((scenario) => ({
    ...scenario,
    settings: { ...OLD_DEFAULTS, ...scenario.settings },
  }));
  const compared = await compareAll(scenarios, '8.5', { list, version: '8.6' });
  const unchanged = (lines: readonly string[]): string[] =>
    lines.filter((line) => !CHANGED_IN_8_6.some((change) => change.test(line)));
  const different = differencesAmong(
    compared.map(({ scenario, expected, actual }) => ({
      scenario,
      expected: unchanged(expected),
      actual: unchanged(actual),
    })),
  );
  assert.deepEqual(different.map(({ scenario }) => scenario.name).sort(), CHANGED_SEQUENCES);
});

/** The settings that an adapter is given: php.ini's, checked once, when the program starts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ini_get, type PhpOptions, withPhpRequest } from '#php';
import { phpSession } from '../../src/adapters/express.ts';
import { withPhpFetch } from '../../src/adapters/fetch.ts';
import { withPhpSession } from '../../src/adapters/node.ts';

/** Settings as a JavaScript program may give them. */
function settingsOf(settings: Record<string, unknown>): PhpOptions {
  return { settings } as PhpOptions;
}

async function textOf(
  option: 'session.gc_maxlifetime' | 'session.use_strict_mode',
  value: unknown,
) {
  return await withPhpRequest(settingsOf({ [option]: value }), () => ini_get(option));
}

async function refusalOf(settings: Record<string, unknown>): Promise<string> {
  const error = await withPhpRequest(settingsOf(settings), () => undefined).catch(
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof RangeError, String(error));
  return error.message;
}

test('a setting is converted as ini_set() converts it', async () => {
  assert.equal(await textOf('session.gc_maxlifetime', 3600), '3600');
  assert.equal(await textOf('session.gc_maxlifetime', 3600n), '3600');
  assert.equal(await textOf('session.use_strict_mode', true), '1');
  assert.equal(await textOf('session.use_strict_mode', false), '');
  assert.equal(await textOf('session.use_strict_mode', null), '');
});

test('a setting that is undefined keeps its default', async () => {
  assert.equal(await textOf('session.gc_maxlifetime', undefined), '1440');
});

test('an unknown option is refused by each adapter, and a release that is not supported', async () => {
  const page = (): never => assert.fail('called');
  const uses = [
    (options: object) => phpSession(options),
    (options: object) => withPhpSession(page, options),
    (options: object) => withPhpFetch(page, options),
    (options: object) => withPhpRequest(options, page),
  ];
  const refused: [object, RegExp][] = [
    [{ setings: {} }, /^RangeError: there is no option "setings"; the nearest name is "settings"$/],
    [{ version: '7.4' }, /^RangeError: version takes '8.2', .*'8.6', not '7.4'$/],
    [{ version: 8.4 }, /^RangeError: version takes .*, not 8.4$/],
  ];
  for (const use of uses) {
    for (const [options, message] of refused) {
      await assert.rejects(async () => await use(options), message);
    }
  }
  const [express] = uses;
  assert.throws(() => express?.({ hangupGrace: Number.NaN }), /^RangeError: hangupGrace takes/);
});

test('an unknown setting is refused with the nearest name', async () => {
  assert.equal(
    await refusalOf({ 'session.cookie_htponly': true }),
    'PHP 8.4 has no setting "session.cookie_htponly"; the nearest name is "session.cookie_httponly"',
  );
  assert.match(
    await refusalOf({ gc_maxlifetime: 5 }),
    /nearest name is "session\.gc_maxlifetime"$/,
  );
  assert.match(await refusalOf({ 'Session.Name': 'x' }), /nearest name is "session\.name"$/);
  assert.match(await refusalOf({ 'session.constructor': 1 }), /^PHP 8\.4 has no setting/);
});

test('a setting of a later PHP is refused', async () => {
  const partitioned = { 'session.cookie_partitioned': true };
  assert.match(await refusalOf(partitioned), /^PHP 8\.4 has no setting "session\.cookie_part/);
  await withPhpRequest({ settings: partitioned, version: '8.5' }, () => {
    assert.equal(ini_get('session.cookie_partitioned'), '1');
  });
});

test('a setting that is not a scalar is refused by its type', async () => {
  assert.equal(
    await refusalOf({ 'session.name': ['x'] }),
    'session.name must be a string, a number or a boolean, array given',
  );
  assert.match(await refusalOf({ 'session.name': () => 'x' }), /boolean, Closure given$/);
});

test('an invalid value is refused in the words of the warning with which PHP starts', async () => {
  assert.equal(
    await refusalOf({ 'session.sid_length': 21 }),
    'session.configuration "session.sid_length" must be between 22 and 256; ' +
      'leave session.sid_length out for PHP\'s default, "32"',
  );
  assert.match(
    await refusalOf({ 'session.gc_divisor': 0 }),
    /^session\.gc_divisor must be greater/,
  );
  assert.match(await refusalOf({ 'session.name': 5 }), /^session\.name "5" must not be numeric/);
  const frequency = 'session.upload_progress.freq';
  assert.match(await refusalOf({ [frequency]: '-1' }), /freq must be greater than or equal to 0;/);
  assert.match(
    await refusalOf({ [frequency]: '101%' }),
    /freq must be less than or equal to 100%;/,
  );
  assert.equal(
    await withPhpRequest({ settings: { [frequency]: 101 } }, () => ini_get(frequency)),
    '101',
  );
});

test('a number that PHP would read in part is refused', async () => {
  assert.match(
    await refusalOf({ 'session.gc_maxlifetime': '5 apples' }),
    /^Invalid "session\.gc_maxlifetime" setting\. Invalid quantity "5 apples": unknown multiplier/,
  );
  assert.match(await refusalOf({ 'session.gc_maxlifetime': Number.NaN }), /Invalid quantity "NaN"/);
  assert.match(await refusalOf({ 'session.gc_maxlifetime': 1.5 }), /Invalid quantity "1\.5"/);
});

test('a deprecated setting is accepted without a message', async () => {
  const messages: unknown[] = [];
  const onMessage = (message: unknown): unknown => messages.push(message);
  const options = { onMessage, settings: { 'session.sid_length': 26 } };
  assert.equal(await withPhpRequest(options, () => ini_get('session.sid_length')), '26');
  assert.deepEqual(messages, []);
});

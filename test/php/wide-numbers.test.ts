/**
 * Numbers beyond 32 bits in settings, beside a native PHP: the WebAssembly builds have 32-bit
 * integers.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  ini_get,
  ini_set,
  type PhpOptions,
  type PhpVersion,
  session_abort,
  session_cache_expire,
  session_get_cookie_params,
  session_id,
  session_set_cookie_params,
  session_start,
  withPhpRequest,
} from '#php';
import { startPhp } from '../../src/workshop/oracle/php-cgi.ts';
import { partsOf } from './parts.ts';

const folder = mkdtempSync(join(tmpdir(), 'phpsessid-wide-'));
const native = await startPhp({ settings: { html_errors: '0' } });
after(async () => {
  await native.close();
  rmSync(folder, { recursive: true });
});

const NUMBERS = [
  ...['2147483648', '-2147483649', '4294967296', '8589934591G', '8589934592G', '-8589934593G'],
  ...['9223372036854775807', '9223372036854775808', '-9223372036854775808'],
  ...['-9223372036854775809', '99999999999999999999', '-99999999999999999999'],
  ...['0xffffffffffffffff', '-0x8000000000000000', '99999999999999999999k', '\u00a05', ' 5'],
];
/** Each setting, then its text. */
const CHANGES = ['cache_expire', 'cookie_lifetime', 'cookie_secure', 'sid_length'].flatMap((key) =>
  NUMBERS.map((text) => [`session.${key}`, text] as const),
);
/** Texts of integer arguments: exact up to 64 bits, beyond them as floats. */
const ARGUMENTS = [
  ...['9007199254740993', '9223372036854775807', '9223372036854775808', '-9223372036854775808'],
  ...['-9223372036854775809', '-9223372036854776833', '99999999999999999999', '+5', ' 0012 '],
  ...['1e18', '9.3e18', '4611686018427387904.0', '1.5', '00009223372036854775807', '0x10', '1e400'],
];
const SAVE_PATHS = [
  ...['9007199254740993', '9223372036854775807', '9223372036854775808', '-1'].map(
    (depth) => `${depth};/`,
  ),
  ...[
    '0777777777777',
    '040000000600',
    '037777777777',
    '077777777777777777777777',
    '-1',
    '0o600',
  ].map((mode) => `0;${mode};/missing`),
  ...['-7777777777777777777777777', '0777', '08', '+600', '\u00a0600', '10000'].map(
    (mode) => `0;${mode};/missing`,
  ),
];
/** session.cookie_lifetime and session.cache_expire, up to dates that C cannot print. */
const HEADERS = [
  ...['253402300800', '67767976233532799', '9223372034707292159'].map((lifetime) => [
    lifetime,
    '1',
  ]),
  ...['-600', '-29700000', '-1100000000', '1129466000000000', '1129467000000000'],
  ...['1129467269861280', '-1129468900000000', '153722867280912930', '153722867280912931'],
  ...['9223372036854775807', '-9223372036854775808'],
].map((each) => (typeof each === 'string' ? ['0', each] : each)) as [string, string][];

const SCRIPT = `<?php
set_error_handler(function ($level, $text) use (&$reported) { $reported[] = $text; return true; });
foreach (json_decode(file_get_contents(__DIR__ . '/changes.json')) as [$key, $text]) {
  $reported = [];
  $before = ini_set($key, $text);
  $params = session_get_cookie_params();
  $seen[] = [$before, session_cache_expire(), $params['lifetime'], $params['secure'], $reported];
}
function attempt($body) {
  try { return $body(); } catch (Throwable $error) { return $error->getMessage(); }
}
foreach (json_decode(file_get_contents(__DIR__ . '/arguments.json')) as $text) {
  $reported = [];
  $answers = [
    attempt(fn() => session_cache_expire($text)),
    attempt(fn() => session_set_cookie_params($text)),
    attempt(fn() => session_set_cookie_params(['lifetime' => $text])),
  ];
  $settings = [ini_get('session.cache_expire'), ini_get('session.cookie_lifetime')];
  $seen[] = [$answers, $settings, $reported];
}
ini_set('session.cookie_lifetime', '0');
foreach (json_decode(file_get_contents(__DIR__ . '/paths.json')) as $path) {
  $reported = [];
  ini_set('session.save_path', $path);
  session_id('a');
  $seen[] = [session_start(), $reported];
}
ini_set('session.save_path', __DIR__);
ini_set('session.cookie_secure', '0');
session_cache_limiter('public');
foreach (json_decode(file_get_contents(__DIR__ . '/headers.json')) as [$lifetime, $expire]) {
  ini_set('session.cookie_lifetime', $lifetime);
  ini_set('session.cache_expire', $expire);
  do {
    header_remove();
    session_id('a');
    $now = time();
    session_start();
    session_abort();
  } while (time() !== $now);
  $seen[] = [$now, array_values(preg_grep('/^(Set-Cookie|Expires|Cache-Control):/', headers_list()))];
}
echo json_encode($seen);`;

function attempt<Answer>(body: () => Answer): Answer | string {
  try {
    return body();
  } catch (error) {
    return (error as Error).message;
  }
}

async function inNode(version: PhpVersion, times: readonly number[]): Promise<unknown[]> {
  let reported: string[] = [];
  const seen: unknown[] = [];
  const onMessage = ({ message }: { message: string }): void => void reported.push(message);
  await withPhpRequest({ version, onMessage }, async () => {
    const change = ini_set as (key: string, text: string) => string | false;
    for (const [key, text] of CHANGES) {
      reported = [];
      const before = change(key, text);
      const { lifetime, secure } = session_get_cookie_params();
      seen.push([before, session_cache_expire(), lifetime, secure, reported]);
    }
    for (const text of ARGUMENTS) {
      reported = [];
      const answers = [
        attempt(() => session_cache_expire(text as unknown as number)),
        attempt(() => session_set_cookie_params(text as unknown as number)),
        attempt(() => session_set_cookie_params({ lifetime: text as '1' })),
      ];
      const settings = [ini_get('session.cache_expire'), ini_get('session.cookie_lifetime')];
      seen.push([answers, settings, reported]);
    }
    change('session.cookie_lifetime', '0');
    for (const path of SAVE_PATHS) {
      reported = [];
      change('session.save_path', path);
      session_id('a');
      seen.push([await session_start(), reported]);
    }
  });
  for (const [at, settings] of HEADERS.entries()) {
    const now = times[at] as number;
    seen.push([now, await headersAt(now, settings, version)]);
  }
  return seen;
}

/** The headers of a session that starts at a moment. */
async function headersAt(
  seconds: number,
  [lifetime, expire]: readonly [string, string],
  version: PhpVersion,
): Promise<string[]> {
  const { headers, parts } = partsOf();
  const options: PhpOptions = {
    version,
    clock: () => seconds * 1000,
    settings: {
      'session.save_path': folder,
      'session.cache_limiter': 'public',
      'session.cookie_lifetime': lifetime as '1',
      'session.cache_expire': expire as '1',
    },
  };
  await withPhpRequest(
    options,
    async () => {
      session_id('a');
      await session_start();
      await session_abort();
    },
    parts,
  );
  return [...headers].flatMap(([name, value]) =>
    [value].flat().map((line) => `${name}: ${line}`.trimEnd()),
  );
}

test('numbers of 64 bits, and longer ones, are read as PHP reads them', async () => {
  const script = join(folder, 'wide.php');
  writeFileSync(script, SCRIPT);
  writeFileSync(join(folder, 'changes.json'), JSON.stringify(CHANGES));
  writeFileSync(join(folder, 'arguments.json'), JSON.stringify(ARGUMENTS));
  writeFileSync(join(folder, 'paths.json'), JSON.stringify(SAVE_PATHS));
  writeFileSync(join(folder, 'headers.json'), JSON.stringify(HEADERS));
  const { body } = await native.request({ script });
  const version = native.version.split('.', 2).join('.') as PhpVersion;
  const inPhp = JSON.parse(body) as unknown[];
  const times = inPhp.slice(-HEADERS.length).map((row) => (row as [number])[0]);
  const ours = await inNode(version, times);
  const names = [...CHANGES, ...ARGUMENTS, ...SAVE_PATHS, ...HEADERS];
  const named = (list: unknown[]): unknown[] => list.map((result, at) => [names[at], result]);
  assert.deepEqual(named(ours), named(inPhp));
});

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
  ini_set,
  type PhpVersion,
  session_cache_expire,
  session_get_cookie_params,
  session_start,
  withPhpRequest,
} from '#php';
import { startPhp } from '../../src/workshop/oracle/php-cgi.ts';

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
const DEPTHS = ['9007199254740993', '9223372036854775807', '9223372036854775808', '-1'];

const SCRIPT = `<?php
set_error_handler(function ($level, $text) use (&$reported) { $reported[] = $text; return true; });
foreach (json_decode(file_get_contents(__DIR__ . '/changes.json')) as [$key, $text]) {
  $reported = [];
  $before = ini_set($key, $text);
  $params = session_get_cookie_params();
  $seen[] = [$before, session_cache_expire(), $params['lifetime'], $params['secure'], $reported];
}
ini_set('session.cookie_lifetime', '0');
foreach (json_decode(file_get_contents(__DIR__ . '/depths.json')) as $depth) {
  $reported = [];
  ini_set('session.save_path', $depth . ';/');
  $seen[] = [session_start(), $reported];
}
echo json_encode($seen);`;

async function inNode(version: PhpVersion): Promise<unknown[]> {
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
    change('session.cookie_lifetime', '0');
    for (const depth of DEPTHS) {
      reported = [];
      change('session.save_path', `${depth};/`);
      seen.push([await session_start(), reported]);
    }
  });
  return seen;
}

test('numbers of 64 bits, and longer ones, are read as PHP reads them', async () => {
  const script = join(folder, 'wide.php');
  writeFileSync(script, SCRIPT);
  writeFileSync(join(folder, 'changes.json'), JSON.stringify(CHANGES));
  writeFileSync(join(folder, 'depths.json'), JSON.stringify(DEPTHS));
  const { body } = await native.request({ script });
  const version = native.version.split('.', 2).join('.') as PhpVersion;
  const inPhp = JSON.parse(body) as unknown[];
  const ours = await inNode(version);
  const named = (list: unknown[]): unknown[] =>
    list.map((result, at) => [CHANGES[at] ?? DEPTHS[at - CHANGES.length], result]);
  assert.deepEqual(named(ours), named(inPhp));
});

/** The PHP programs beside the lessons of Part II: every PHP prints the same, and so does the port. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  type SessionHandlerInterface,
  session_id,
  session_regenerate_id,
  session_set_save_handler,
  session_start,
  session_write_close,
  withPhpRequest,
} from '#php';
import { root } from '../../src/workshop/course/catalogue.ts';
import { type PhpServer, startPhp } from '../../src/workshop/oracle/php-cgi.ts';
import { openWasmPhp, type WasmPhp } from '../../src/workshop/oracle/wasm.ts';

let native: PhpServer;
let php: WasmPhp;
before(async () => {
  native = await startPhp();
  php = await openWasmPhp();
});
after(async () => {
  php?.close();
  await native?.close();
});

/** A program's output in php-wasm, once the installed PHP has printed the same. */
async function printed(script: string): Promise<string[]> {
  const path = join(root, 'lessons', script);
  const text = (await php.run(readFileSync(path, 'utf8'))).toString();
  assert.equal((await native.request({ script: path })).body, text);
  return text.trimEnd().split('\n');
}

test('uniqid() is the time and nothing else, and PHP’s own id is not', async () => {
  assert.deepEqual(await printed('08-unguessable-ids/uniqid.php'), [
    'uniqid(): 13 digits, all of them the time: yes',
    "PHP's own id: 32 digits, 4 random bits each",
  ]);
});

test('a subtraction accepts numbers only, in PHP and here', async () => {
  const lines = await printed('11-the-reaper/arithmetic.php');
  assert.deepEqual(lines.slice(0, 4), [
    '1000 - 10: int(990)',
    "1000 - '10': int(990)",
    "1000 - '1e3': float(0)",
    '1000 - -10: int(1010)',
  ]);
  assert.match(lines[4] ?? '', /^1000 - '0 OR 1=1': A non-numeric value .*; int\(1000\)$/);
  assert.match(lines[5] ?? '', /^1000 - 'x': Unsupported operand types/);
  // The article's line in JavaScript, without a type check.
  const here = ['10', '1e3', -10, '0 OR 1=1', 'x'].map((life) => 1000 - (life as number));
  assert.deepEqual(here, [990, 0, 1010, Number.NaN, Number.NaN]);
});

/** Does what strict.php does, with the port's functions. */
async function printedHere(): Promise<string[]> {
  const rows = new Set<string>();
  const calls: string[] = [];
  let made = 0;
  const record = <Answer>(call: string, answer: Answer): Answer => {
    calls.push(call);
    return answer;
  };
  const handler: SessionHandlerInterface & Record<string, unknown> = {
    open: () => record('open', true),
    close: () => record('close', true),
    read: () => record('read', ''),
    write: (id) => record('write', rows.add(id).has(id)),
    updateTimestamp: (id: string) => record('write', rows.add(id).has(id)),
    destroy: (id) => record('destroy', rows.delete(id) || true),
    gc: () => record('gc', 0),
    create_sid: () => record('create_sid', `made-${++made}`),
    validateId: (id: string) => record('validate_sid', rows.has(id)),
  };
  const visit = (id: string, strict: '0' | '1', signsIn: boolean): Promise<string> =>
    withPhpRequest({}, async () => {
      session_set_save_handler(handler);
      session_id(id);
      await session_start({ use_strict_mode: strict, use_cookies: 0, gc_probability: 0 });
      if (signsIn) await session_regenerate_id(true);
      const now = session_id();
      await session_write_close();
      const what = signsIn ? 'a sign-in,' : `strict mode ${strict},`;
      return `${what} ${id} goes on as ${now}: ${calls.splice(0).join(', ')}`;
    });
  return [
    await visit('planted', '1', false),
    await visit('planted', '0', false),
    await visit('made-1', '1', true),
  ];
}

test('a planted id and a sign-in call the same callbacks in PHP and here', async () => {
  const lines = await printed('15-fixation/strict.php');
  assert.match(lines[0] ?? '', /planted goes on as made-1: open, validate_sid, create_sid, read/);
  assert.deepEqual(await printedHere(), lines);
});

/** The files handler on a real file system: modes, locks, ages. */

import assert from 'node:assert/strict';
import { closeSync } from 'node:fs';
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import {
  $_SESSION,
  PHP_SESSION_NONE,
  type PhpOptions,
  type SessionSettings,
  session_abort,
  session_destroy,
  session_gc,
  session_id,
  session_start,
  session_status,
  session_write_close,
  withPhpRequest,
} from '#php';
import { gate } from '../../src/contract/case.ts';
import { onDisk } from '../../src/php/handlers/disk.ts';
import { SessionFile } from '../../src/php/handlers/session-file.ts';
import { inputOf } from '../../src/php/session/input.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'phpsessid-files-'));
});
after(() => rm(folder, { recursive: true }));

const messages: string[] = [];

function options(savePath: string, more: SessionSettings = {}): PhpOptions {
  const settings = { 'session.save_path': savePath, 'session.gc_probability': 0, ...more };
  return { settings, onMessage: ({ message }) => messages.push(message) };
}

async function visit(savePath: string, id: string, body?: () => unknown): Promise<void> {
  await withPhpRequest(options(savePath), async () => {
    session_id(id);
    await session_start();
    await body?.();
  });
}

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o7777).toString(8);
}

test('a session file is for its owner alone, or has the mode of save_path', async () => {
  const umask = process.umask(0);
  try {
    await visit(folder, 'stock');
    await visit(`0;0640;${folder}`, 'chosen');
  } finally {
    process.umask(umask);
  }
  assert.equal(await modeOf(join(folder, 'sess_stock')), '600');
  assert.equal(await modeOf(join(folder, 'sess_chosen')), '640');
});

test('a deep save_path uses folders that are there, and makes none', async () => {
  await mkdir(join(folder, 'a', 'b'), { recursive: true });
  await visit(`2;${folder}`, 'abc', () => {
    $_SESSION['deep'] = 1;
  });
  assert.equal(await readFile(join(folder, 'a', 'b', 'sess_abc'), 'utf8'), 'deep|i:1;');
  messages.length = 0;
  await visit(`2;${folder}`, 'xyz');
  assert.match(
    messages[0] ?? '',
    /open\(.*\/x\/y\/sess_xyz, O_RDWR\) failed: No such file or directory \(2\)$/,
  );
});

test('two requests with one id take turns, and neither loses what it wrote', async () => {
  const order: string[] = [];
  const count = (name: string) => async (): Promise<void> => {
    order.push(`${name} began`);
    const seen = Number($_SESSION['count'] ?? 0);
    for (let turns = 0; turns < 20; turns += 1) await turn();
    $_SESSION['count'] = seen + 1;
    order.push(`${name} ended`);
  };
  const names = ['one', 'two', 'three'];
  await Promise.all(names.map((name) => visit(folder, 'shared', count(name))));
  assert.deepEqual(
    order,
    names.flatMap((name) => [`${name} began`, `${name} ended`]),
  );
  assert.equal(await readFile(join(folder, 'sess_shared'), 'utf8'), 'count|i:3;');
});

test('requests with other ids do not wait', async () => {
  const { closed, open } = gate();
  const held = visit(folder, 'held', () => closed);
  await visit(folder, 'free');
  open();
  await held;
});

test('a file is released when its session ends, not with its request', async () => {
  let second: Promise<void> | undefined;
  await visit(folder, 'early', async () => {
    $_SESSION['first'] = 1;
    await session_write_close();
    second = visit(folder, 'early', () => {
      assert.equal($_SESSION['first'], 1);
    });
    await second;
  });
  assert.ok(second);
});

test('a request that throws releases its file', async () => {
  const failing = visit(folder, 'thrown', () => {
    throw new Error('a mistake');
  });
  await assert.rejects(failing, /a mistake/);
  await visit(folder, 'thrown', () => session_destroy());
  assert.ok(!(await readdir(folder)).includes('sess_thrown'));
});

test('a page that never ends keeps its file from others no longer than maxLockTime', async () => {
  const place = join(folder, 'limited');
  await mkdir(place);
  const limited = { ...options(place), maxLockTime: 50 };
  const enter = async (body: () => unknown): Promise<void> =>
    await withPhpRequest(limited, async () => {
      session_id('busy');
      await session_start();
      await body();
    });
  const { closed, open } = gate();
  const endless = enter(async () => {
    $_SESSION['from'] = 'the endless page';
    await closed;
  });
  await enter(() => {
    $_SESSION['from'] = 'the next page';
  });
  open();
  await assert.rejects(endless, /held its session's file for longer than maxLockTime, 50 ms/);
  assert.equal(await readFile(join(place, 'sess_busy'), 'utf8'), 'from|s:13:"the next page";');
});

test('only files of sessions that are too old are collected', async () => {
  const place = join(folder, 'old');
  await mkdir(place);
  const ages = { sess_old: 101, sess_young: 99, other: 101 };
  for (const [name, age] of Object.entries(ages)) {
    await writeFile(join(place, name), '');
    const moment = new Date(Date.now() - age * 1000);
    await utimes(join(place, name), moment, moment);
  }
  const collect = async (): Promise<number | false> => {
    await session_start();
    const deleted = await session_gc();
    await session_destroy();
    return deleted;
  };
  const deleted = await withPhpRequest(
    options(place, { 'session.gc_maxlifetime': '100' }),
    collect,
  );
  assert.equal(deleted, 1);
  assert.deepEqual((await readdir(place)).sort(), ['other', 'sess_young']);
});

test('an old session file is collected, whatever bytes its name has', async () => {
  const place = join(folder, 'old-bytes');
  await mkdir(place);
  // macOS refuses names that are not UTF-8.
  const name = process.platform === 'darwin' ? [0xc3, 0xa4] : [0xff];
  const path = Buffer.concat([Buffer.from(`${place}/sess_`), Buffer.from(name)]);
  await writeFile(path, '');
  await utimes(path, 1, 1);
  const deleted = await withPhpRequest(options(place), async () => {
    await session_start();
    return await session_gc();
  });
  assert.equal(deleted, 1);
});

test('nothing is left of what another process wrote while a session was open', async () => {
  await visit(folder, 'grown', async () => {
    await writeFile(join(folder, 'sess_grown'), 'longer|s:20:"than what is written";');
    $_SESSION['count'] = 1;
  });
  assert.equal(await readFile(join(folder, 'sess_grown'), 'utf8'), 'count|i:1;');
});

/** Makes a folder count as slow, so that its calls go through the thread pool. */
function slowDown(place: string): void {
  const began = performance.now();
  const wait = (): void => {
    while (performance.now() - began < 6);
  };
  onDisk(place, wait, async () => {});
}

test('a session file is not closed before its last call has ended', async () => {
  const place = join(folder, 'slow-file');
  await mkdir(place);
  slowDown(place);
  const path = join(place, 'sess_closed');
  await writeFile(path, 'a longer text');
  const file = await SessionFile.open(place, Buffer.from(path), 0o600);
  // Two calls of the system; the second one would reach a closed descriptor.
  const writing = file.write(Buffer.from('short'), true);
  assert.ok(writing instanceof Promise);
  await file.close();
  await writing;
  assert.equal(await readFile(path, 'utf8'), 'short');
});

test('a file that cannot be closed is a message, and its lock is released', async () => {
  const place = join(folder, 'broken');
  await mkdir(place);
  messages.length = 0;
  await visit(place, 'broken', async () => {
    const links = await readdir('/proc/self/fd');
    const paths = links.map((link) => readlink(`/proc/self/fd/${link}`).catch(() => ''));
    const at = (await Promise.all(paths)).indexOf(join(place, 'sess_broken'));
    closeSync(Number(links[at]));
    assert.equal(await session_abort(), true);
    assert.equal(session_status(), PHP_SESSION_NONE);
    await visit(place, 'broken');
  });
  assert.deepEqual(messages, ['session_abort(): Close failed: Bad file descriptor (9)']);
});

test('file calls after a slow one go to the thread pool for a while', async (t) => {
  const place = join(folder, 'slow');
  let time = 0;
  t.mock.method(performance, 'now', () => time);
  const call = (duration: number): unknown =>
    onDisk(
      place,
      () => {
        time += duration;
        return 'at once';
      },
      async () => 'by the pool',
    );
  assert.equal(call(5), 'at once');
  assert.equal(call(6), 'at once');
  assert.equal(await call(0), 'by the pool');
  time += 593;
  assert.equal(await call(0), 'by the pool');
  time += 1;
  assert.equal(call(0), 'at once');
});

test('sessions in a slow folder are read, saved, touched, checked and deleted', async () => {
  const place = join(folder, 'slow-folder');
  await mkdir(place);
  const strict = options(place, { 'session.use_strict_mode': '1' });
  const enter = async (body: () => unknown): Promise<unknown> => {
    slowDown(place);
    return await withPhpRequest(strict, body, {
      input: inputOf({ cookie: `PHPSESSID=${'a'.repeat(32)}` }),
    });
  };
  const id = await enter(async () => {
    await session_start();
    $_SESSION['text'] = 'a longer text';
    return session_id();
  });
  assert.notEqual(id, 'a'.repeat(32), 'an unknown id is replaced');
  const resume = (body: () => unknown): Promise<unknown> =>
    enter(async () => {
      session_id(String(id));
      await session_start();
      return await body();
    });
  await resume(() => assert.equal($_SESSION['text'], 'a longer text'));
  await resume(() => {
    $_SESSION['text'] = 'short';
  });
  assert.equal(await readFile(join(place, `sess_${id}`), 'utf8'), 'text|s:5:"short";');
  await resume(() => session_destroy());
  assert.deepEqual(await readdir(place), []);
});

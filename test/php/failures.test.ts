/** A failing save handler or page leaves nothing open and nothing locked. */

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  $_SESSION,
  type AnySessionHandler,
  PHP_SESSION_ACTIVE,
  PHP_SESSION_NONE,
  type PhpOptions,
  register_shutdown_function,
  SessionHandler,
  session_destroy,
  session_encode,
  session_id,
  session_module_name,
  session_regenerate_id,
  session_set_save_handler,
  session_start,
  session_status,
  session_write_close,
  withPhpRequest,
} from '#php';
import { gate } from '../../src/contract/case.ts';
import { commitRequest, prepare, runRequest } from '../../src/php/host.ts';
import { partsOf } from './parts.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'phpsessid-failures-'));
});
after(() => rm(folder, { recursive: true }));

/**
 * Notes the callbacks that are called; `more` replaces some of them. PHP collects in one request of a
 * hundred, so gc() is noted only where it is replaced.
 */
function recording(calls: string[], more: Partial<AnySessionHandler> = {}): AnySessionHandler {
  const rows = new Map<string, string>([['ann', 'user|s:3:"ann";']]);
  const own: AnySessionHandler = {
    open: () => true,
    close: () => true,
    read: (id) => rows.get(id) ?? '',
    write: (id, data: string) => rows.set(id, data) === rows,
    destroy: (id) => rows.delete(id) || true,
    gc: () => 0,
    validateId: (id) => rows.has(id),
    ...more,
  };
  const entries = Object.entries(own).map(([name, body]) => [
    name,
    (...values: unknown[]) => {
      if (name !== 'gc' || more.gc) calls.push(name);
      return (body as (...values: unknown[]) => unknown)(...values);
    },
  ]);
  return Object.fromEntries(entries) as AnySessionHandler;
}

function fail(message: string): () => never {
  return () => {
    throw new Error(message);
  };
}

const strict: PhpOptions = { settings: { 'session.use_strict_mode': true } };
const sweeping: PhpOptions = {
  settings: { 'session.gc_probability': 1, 'session.gc_divisor': 1 },
};

test('a sweep that fails leaves the session open, and its end saves and closes it', async () => {
  const calls: string[] = [];
  await withPhpRequest(sweeping, async () => {
    session_set_save_handler(recording(calls, { gc: fail('killed') }));
    await assert.rejects(session_start(), /^Error: killed$/);
    assert.equal(session_status(), PHP_SESSION_ACTIVE);
    $_SESSION['count'] = 1;
  });
  assert.deepEqual(calls, ['open', 'read', 'gc', 'write', 'close']);
});

test("the program's own error is thrown, and those of its end are warnings", async () => {
  const warnings: string[] = [];
  const note = (warning: Error): void => void warnings.push(String(warning));
  process.on('warning', note);
  const program = withPhpRequest({ onMessage() {} }, async () => {
    session_set_save_handler(recording([], { write: fail('the save') }));
    register_shutdown_function(fail('the shutdown function'));
    await session_start();
    throw new Error('the program');
  });
  await assert.rejects(program, /^Error: the program$/);
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', note);
  assert.deepEqual(warnings, ['Error: the save', 'Error: the shutdown function']);
});

test('a message that onMessage itself causes is a warning of the process', async () => {
  const messages: string[] = [];
  const warnings: string[] = [];
  const note = (warning: Error): void => void warnings.push(String(warning));
  process.on('warning', note);
  const onMessage: PhpOptions['onMessage'] = ({ message }) => {
    messages.push(message);
    session_encode();
  };
  await withPhpRequest({ onMessage }, () => session_destroy());
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', note);
  assert.deepEqual(messages, ['session_destroy(): Trying to destroy uninitialized session']);
  assert.deepEqual(warnings, ['E_WARNING: session_encode(): Cannot encode non-existent session']);
});

test('a handler needs no class: the namespace of a module has none', async () => {
  const calls: string[] = [];
  const handler = Object.assign(Object.create(null), recording(calls)) as AnySessionHandler;
  await withPhpRequest({}, async () => {
    session_set_save_handler(handler);
    assert.equal(await session_start(), true);
  });
  assert.deepEqual(calls.slice(0, 2), ['open', 'read']);
});

test('PHP gives a visitor a new id when validateId() throws', async () => {
  const { parts, headers } = partsOf('ann');
  const page = async (): Promise<void> => {
    session_set_save_handler(recording([], { validateId: fail('busy') }));
    await assert.rejects(session_start(), /busy/);
  };
  await withPhpRequest(strict, page, parts);
  assert.match(String(headers.get('Set-Cookie')), /^PHPSESSID=[0-9a-f]{32}; path=\/$/);
});

test('with containFailures, a validateId() that throws leaves the visitor their id', async () => {
  const calls: string[] = [];
  const { parts, headers } = partsOf('ann');
  const page = async (): Promise<void> => {
    session_set_save_handler(recording(calls, { validateId: fail('busy') }));
    await assert.rejects(session_start(), /^Error: busy$/);
    assert.equal(session_status(), PHP_SESSION_NONE);
  };
  await withPhpRequest({ ...strict, containFailures: true }, page, parts);
  assert.equal(headers.get('Set-Cookie'), undefined);
  assert.deepEqual(calls, ['open', 'validateId', 'close']);
});

test('with containFailures, a start that fails takes its own cookie back, and no other', async () => {
  const { parts, headers } = partsOf('unknown');
  parts.head.setHeader('Set-Cookie', ['theme=dark']);
  const page = async (): Promise<void> => {
    session_set_save_handler(recording([], { read: fail('busy') }));
    await assert.rejects(session_start(), /^Error: busy$/);
  };
  await withPhpRequest({ ...strict, containFailures: true }, page, parts);
  assert.deepEqual(headers.get('Set-Cookie'), ['theme=dark']);
});

test('with containFailures, close() is called whatever has thrown, and the error stays', async () => {
  for (const name of ['open', 'read', 'write'] as const) {
    const calls: string[] = [];
    const page = async (): Promise<void> => {
      session_set_save_handler(recording(calls, { [name]: fail(`${name} failed`) }));
      await session_start();
    };
    const request = withPhpRequest({ containFailures: true }, page);
    await assert.rejects(request, new RegExp(`^Error: ${name} failed$`));
    assert.equal(calls.filter((call) => call === 'close').length, 1, `after ${name}: ${calls}`);
    assert.equal(calls.at(-1), 'close');
  }
});

test('a callback that calls itself through a session function ends with an error', async () => {
  let depth = 0;
  const close = async (): Promise<boolean> => {
    depth += 1;
    return await session_write_close();
  };
  const page = async (): Promise<void> => {
    session_set_save_handler(recording([], { close }));
    await session_start();
    $_SESSION['count'] = 1;
    await session_write_close();
  };
  const request = withPhpRequest({ onMessage() {} }, page);
  await assert.rejects(request, /close\(\) was called 100 levels deep: a callback calls a session/);
  assert.ok(depth <= 200, `close() ran ${depth} times`);
});

test('a handler that cannot release itself does not keep another one from it', async () => {
  let isReleased = false;
  const held = (release: () => void): AnySessionHandler =>
    Object.assign(recording([]), { [Symbol.asyncDispose]: async () => release() });
  const page = async (): Promise<void> => {
    session_set_save_handler(held(fail('the connection is gone')));
    session_set_save_handler(
      held(() => {
        isReleased = true;
      }),
    );
    await session_start();
  };
  await assert.rejects(withPhpRequest({}, page), /the connection is gone/);
  assert.ok(isReleased);
});

/** Forgets super.close(), so that the parent's file stays open and locked. */
class Forgetful extends SessionHandler {
  override async close(): Promise<boolean> {
    return true;
  }
}

test('session_module_name() releases the file of a class whose close() does not call super.close()', async () => {
  const settings = { 'session.save_path': folder };
  await writeFile(join(folder, 'sess_left'), 'user|s:3:"ann";');
  await withPhpRequest({ settings }, async () => {
    session_set_save_handler(new Forgetful());
    session_id('left');
    await session_start();
    await session_write_close();
    session_module_name('files');
    await session_start();
    assert.equal($_SESSION['user'], 'ann');
    await session_write_close();
    // Another request of this visitor need not wait for the end of this one.
    await withPhpRequest({ settings }, async () => {
      session_id('left');
      await session_start();
      assert.equal($_SESSION['user'], 'ann');
    });
  });
});

test('a session_start() that is not awaited is closed by the end of its request', async () => {
  const calls: string[] = [];
  const read = async (): Promise<string> => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return '';
  };
  const page = (): never => {
    session_set_save_handler(recording(calls, { read }));
    void session_start();
    throw new Error('a mistake in the page');
  };
  await assert.rejects(withPhpRequest({}, page), /a mistake in the page/);
  assert.deepEqual(calls, ['open', 'read', 'write', 'close']);
});

test('no session begins once its request was saved', async () => {
  const calls: string[] = [];
  const request = prepare({ settings: { 'session.use_cookies': false } })();
  const saved = gate();
  let late: Promise<boolean> | undefined;
  await runRequest(request, async () => {
    session_set_save_handler(recording(calls));
    await session_start();
    late = saved.closed.then(() => session_start());
  });
  await commitRequest(request, 'its response had begun');
  saved.open();
  assert.ok(late);
  await assert.rejects(
    late,
    /session_start\(\) was called after the session had been saved: its resp/,
  );
  assert.deepEqual(calls, ['open', 'read', 'write', 'close']);
});

test('a call that overtakes the end of its request does not save the session again', async () => {
  const calls: string[] = [];
  const writing = gate();
  const request = prepare()();
  let late: Promise<boolean> | undefined;
  await runRequest(request, async () => {
    const write = async (): Promise<boolean> => {
      writing.open();
      await new Promise((resolve) => setImmediate(resolve));
      return true;
    };
    session_set_save_handler(recording(calls, { write }));
    await session_start();
    late = writing.closed.then(() => session_write_close());
  });
  await commitRequest(request, 'its response had begun');
  assert.equal(await late, false);
  assert.deepEqual(calls, ['open', 'read', 'write', 'close']);
});

test('a regenerated session whose new id cannot be read is closed', async () => {
  const calls: string[] = [];
  let reads = 0;
  const read = (): string | false => {
    reads += 1;
    return reads === 1 ? '' : false;
  };
  await withPhpRequest({}, async () => {
    session_set_save_handler(recording(calls, { read }));
    await session_start();
    await assert.rejects(session_regenerate_id(), /Failed to create\(read\) session ID/);
  });
  assert.equal(calls.at(-1), 'close');
});

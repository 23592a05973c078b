import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  $_SESSION,
  type AnySessionHandler,
  ini_set,
  SessionHandler,
  session_cache_expire,
  session_decode,
  session_encode,
  session_id,
  session_set_cookie_params,
  session_set_save_handler,
  session_start,
  session_status,
  withPhpRequest,
} from '#php';

// What stands under @ts-expect-error must not compile: `npm test` begins with the compiler.

const silent = { onMessage() {} };

test('does not compile with an argument that PHP would only bend into shape', async () => {
  await withPhpRequest(silent, async () => {
    // @ts-expect-error an id is a string
    session_id(5);
    // @ts-expect-error minutes are a number
    session_cache_expire('30');
    // @ts-expect-error it takes nothing
    assert.throws(() => session_status(1), { name: 'ArgumentCountError' });
    // @ts-expect-error data is a string or bytes
    await assert.rejects(session_decode([]), TypeError);
    // @ts-expect-error options are a record
    await assert.rejects(session_start('name'), TypeError);
    // @ts-expect-error a setting's value is a scalar
    assert.throws(() => ini_set('session.name', []), TypeError);
  });
});

test('does not compile with an option that session_start() does not have', async () => {
  await withPhpRequest(silent, async () => {
    // @ts-expect-error a list is no option
    await assert.rejects(session_start({ name: [] }), TypeError);
    // @ts-expect-error keys go without "session."
    await session_start({ 'session.name': 'x' });
  });
});

test('does not compile with attributes that a cookie does not have', async () => {
  await withPhpRequest(silent, () => {
    // @ts-expect-error PHP writes it in small letters
    session_set_cookie_params({ Samesite: 'Lax' });
    // @ts-expect-error an array stands alone
    assert.throws(() => session_set_cookie_params({ path: '/' }, '/'), { name: 'ValueError' });
  });
});

test('does not compile with a handler that lacks a method', async () => {
  await withPhpRequest(silent, () => {
    const handler = { open: () => true, close: () => true, read: () => '' };
    // @ts-expect-error write, destroy and gc are missing
    assert.throws(() => session_set_save_handler(handler), TypeError);
    // @ts-expect-error null is no answer of open()
    const wrong: AnySessionHandler = { ...new SessionHandler(), open: () => null };
    assert.equal(typeof wrong.open, 'function');
  });
});

test('does not compile with five callbacks', async () => {
  await withPhpRequest(silent, () => {
    const yes = (): boolean => true;
    // @ts-expect-error gc is missing
    assert.throws(() => session_set_save_handler(yes, yes, () => '', yes, yes), TypeError);
  });
});

test('takes handlers that answer now or later, and data as a string where that is known', async () => {
  await withPhpRequest(silent, async () => {
    class Later extends SessionHandler {
      override async read(id: string): Promise<string | Uint8Array | false> {
        return await super.read(id);
      }
    }
    const rows = new Map<string, string>();
    const handler: AnySessionHandler = {
      open: () => true,
      close: async () => true,
      read: (id) => rows.get(id) ?? '',
      write: (id, data: string) => rows.set(id, data) === rows,
      destroy: (id) => rows.delete(id) || true,
      gc: () => 0,
      validateId: (id) => rows.has(id),
    };
    assert.ok(new Later() instanceof SessionHandler);
    assert.equal(session_set_save_handler(handler), true);
    assert.equal(await session_start(), true);
    $_SESSION['count'] = 1;
    const encoded: string | Uint8Array | false = session_encode();
    assert.equal(encoded, 'count|i:1;');
    // @ts-expect-error it may be bytes
    const text: string = session_encode();
    assert.equal(text, encoded);
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  $_SESSION,
  type AnySessionHandler,
  ini_get,
  ini_set,
  SessionHandler,
  session_cache_expire,
  session_cache_limiter,
  session_decode,
  session_encode,
  session_id,
  session_name,
  session_set_cookie_params,
  session_set_save_handler,
  session_start,
  session_status,
  session_write_close,
  withPhpRequest,
} from '#php';
import { phpSession } from '../../src/adapters/express.ts';
import { withPhpSession } from '../../src/adapters/node.ts';
import './own-save-path.ts';

// A line under @ts-expect-error must not compile; `npm test` begins with the compiler.

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

test('does not compile with a misspelt setting', async () => {
  await withPhpRequest(silent, async () => {
    // @ts-expect-error the nearest name is session.cookie_httponly
    assert.equal(ini_set('session.cookie_htponly', true), false);
    // @ts-expect-error the nearest name is session.cookie_httponly
    assert.equal(ini_get('session.cookie_htponly'), false);
    // @ts-expect-error names begin with "session."
    assert.equal(ini_get('cookie_httponly'), false);
    // @ts-expect-error the nearest name is httponly
    assert.throws(() => session_set_cookie_params({ htponly: true }), { name: 'ValueError' });
    // @ts-expect-error PHP's names are lower case
    session_set_cookie_params({ Samesite: 'Lax' });
    // @ts-expect-error the nearest name is cookie_httponly
    await session_start({ cookie_htponly: true });
    // @ts-expect-error names go without "session."
    await session_start({ 'session.name': 'x' });
  });
  await assert.rejects(
    // @ts-expect-error the nearest name is session.cookie_httponly
    withPhpRequest({ settings: { 'session.cookie_htponly': true } }, () => {}),
    RangeError,
  );
});

test('does not compile with a value of another kind', async () => {
  await withPhpRequest(silent, async () => {
    // @ts-expect-error seconds are a number
    ini_set('session.gc_maxlifetime', true);
    // @ts-expect-error seconds are a number
    ini_set('session.gc_maxlifetime', 'an hour');
    // @ts-expect-error browsers know Lax, Strict and None
    ini_set('session.cookie_samesite', 'lxa');
    // @ts-expect-error PHP has no such limiter, and would send no cache headers
    session_cache_limiter('no-cache');
    // @ts-expect-error session_set_save_handler() sets handlers other than files
    ini_set('session.save_handler', 'redis');
    // @ts-expect-error PHP has three formats
    ini_set('session.serialize_handler', 'json');
    // @ts-expect-error a character holds 4, 5 or 6 bits
    ini_set('session.sid_bits_per_character', 7);
    // @ts-expect-error a switch is on or off
    ini_set('session.use_strict_mode', 'strict');
    // @ts-expect-error only php.ini can change it
    assert.equal(ini_set('session.auto_start', true), false);
    // @ts-expect-error a name is a string
    await assert.rejects(session_start({ name: [] }), TypeError);
    // @ts-expect-error PHP would take 'off' for on
    session_set_cookie_params({ secure: 'off' });
    // @ts-expect-error an array is the only argument
    assert.throws(() => session_set_cookie_params({ path: '/' }, '/'), { name: 'ValueError' });
  });
  await assert.rejects(
    // @ts-expect-error seconds are a number
    withPhpRequest({ settings: { 'session.gc_maxlifetime': 'an hour' } }, () => {}),
    RangeError,
  );
});

test('does not compile with a cookie that browsers drop for the prefix of its name', async () => {
  const page = (): string | false => session_name();
  await withPhpRequest(
    // @ts-expect-error __Host- needs Secure
    { settings: { 'session.name': '__Host-id' } },
    page,
  );
  await withPhpRequest(
    // @ts-expect-error __Host- needs Secure, in any case
    { settings: { 'session.name': '__host-id', 'session.cookie_secure': false } },
    page,
  );
  const secure = { 'session.name': '__Host-id', 'session.cookie_secure': true } as const;
  await withPhpRequest(
    // @ts-expect-error __Host- needs the path /
    { settings: { ...secure, 'session.cookie_path': '/shop' } },
    page,
  );
  await withPhpRequest(
    // @ts-expect-error __Host- admits no domain
    { settings: { ...secure, 'session.cookie_domain': 'shop.test' } },
    page,
  );
  await withPhpRequest(
    // @ts-expect-error __Secure- needs Secure
    { settings: { 'session.name': '__Secure-id', 'session.cookie_secure': '0' } },
    page,
  );
  // @ts-expect-error __Host- needs Secure
  withPhpSession(page, { settings: { 'session.name': '__Host-id' } });
  // @ts-expect-error __Host- needs Secure
  phpSession({ settings: { 'session.name': '__Host-id' } });
  await withPhpRequest(silent, async () => {
    // @ts-expect-error __Host- needs Secure
    await session_start({ name: '__Host-id', cookie_secure: 'off' });
    await session_write_close();
    // @ts-expect-error __Host- needs the path /
    await session_start({ name: '__Host-id', cookie_path: '/shop' });
    await session_write_close();
    // @ts-expect-error __Host- admits no domain
    await session_start({ name: '__Host-id', cookie_domain: 'shop.test' });
  });
  const settings = { ...secure, 'session.cookie_path': '/' } as const;
  assert.equal(await withPhpRequest({ settings }, page), '__Host-id');
});

test('takes settings as PHP programs write them: strings, numbers, booleans, null', async () => {
  const settings = { 'session.gc_probability': 0, 'session.use_strict_mode': true };
  await withPhpRequest({ ...silent, settings }, async () => {
    ini_set('session.gc_maxlifetime', '1440');
    ini_set('session.gc_maxlifetime', '2K');
    ini_set('session.gc_maxlifetime', 3600);
    ini_set('session.cookie_secure', 'on');
    ini_set('session.cookie_domain', null);
    session_set_cookie_params({ lifetime: '60', secure: 1, samesite: 'Lax' });
    session_set_cookie_params(60, '/', null, true);
    assert.equal(await session_start({ cookie_lifetime: '3600', lazy_write: 0 }), true);
  });
  const fromElsewhere: Record<string, string> = { 'session.name': 'JOB' };
  const page = (): string | false => session_name();
  assert.equal(await withPhpRequest({ settings: fromElsewhere }, page), 'JOB');
});

test('does not compile with a handler that lacks a method', async () => {
  await withPhpRequest(silent, () => {
    const handler = { open: () => true, close: () => true, read: () => '' };
    // @ts-expect-error write, destroy and gc are missing
    assert.throws(() => session_set_save_handler(handler), TypeError);
    // @ts-expect-error open() may not return null
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

/** PHP's life cycle in ten tests, each a short program that can be read aloud. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import {
  $_SESSION,
  PHP_SESSION_ACTIVE,
  PHP_SESSION_NONE,
  register_shutdown_function,
  type SessionHandlerInterface,
  type SessionIdInterface,
  session_destroy,
  session_get_cookie_params,
  session_id,
  session_name,
  session_regenerate_id,
  session_set_cookie_params,
  session_set_save_handler,
  session_start,
  session_status,
  session_write_close,
  withPhpRequest,
} from '#php';
import { partsOf } from './parts.ts';

/** The stored sessions: PHP's session data by id. */
const stored = new Map<string, string>();

/** The number of ids made. */
let made = 0;

/** The callbacks that were called, in their order. */
const calls: string[] = [];

/** Keeps sessions in `stored`, and notes each call. */
class Recorder implements SessionHandlerInterface, SessionIdInterface {
  open(): boolean {
    calls.push('open');
    return true;
  }
  create_sid(): string {
    calls.push('create_sid');
    made += 1;
    return `visitor${made}`;
  }
  read(id: string): string {
    calls.push(`read ${id}`);
    return stored.get(id) ?? '';
  }
  write(id: string, data: string): boolean {
    calls.push(`write ${id} ${data}`);
    stored.set(id, data);
    return true;
  }
  updateTimestamp(id: string): boolean {
    calls.push(`touch ${id}`);
    return true;
  }
  destroy(id: string): boolean {
    calls.push(`destroy ${id}`);
    return stored.delete(id);
  }
  gc(): number {
    calls.push('gc');
    return 0;
  }
  close(): boolean {
    calls.push('close');
    return true;
  }
}

/** A browser: it keeps the cookies that a response sets, and sends them with its next request. */
class Browser {
  readonly cookies = new Map<string, string>();

  /** Visits a page, and returns the Set-Cookie lines of its response. */
  async visit(page: () => unknown): Promise<string[]> {
    const { parts, headers } = partsOf();
    const input = { ...parts.input, cookie: (name: string) => this.cookies.get(name) };
    const program = async (): Promise<void> => {
      session_set_save_handler(new Recorder());
      await page();
    };
    const settings = { 'session.gc_probability': 0 };
    await withPhpRequest({ settings }, program, { ...parts, input });
    const lines = [headers.get('Set-Cookie') ?? []].flat();
    for (const line of lines) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      this.cookies.set(name, value);
    }
    return lines;
  }
}

let ann: Browser;
beforeEach(() => {
  stored.clear();
  calls.length = 0;
  made = 0;
  ann = new Browser();
});

test('session_start() gives a new visitor an id, reads its data, and sends its cookie', async () => {
  const cookies = await ann.visit(async () => {
    assert.equal(session_status(), PHP_SESSION_NONE);
    assert.equal(await session_start(), true);
    assert.equal(session_status(), PHP_SESSION_ACTIVE);
    assert.equal(session_id(), 'visitor1');
    assert.deepEqual(Object.keys($_SESSION), []);
  });
  assert.deepEqual(calls.slice(0, 3), ['open', 'create_sid', 'read visitor1']);
  assert.deepEqual(cookies, ['PHPSESSID=visitor1; path=/']);
});

test('the end of a request writes all of $_SESSION, then closes', async () => {
  await ann.visit(async () => {
    await session_start();
    $_SESSION['user'] = 'ann';
    $_SESSION['count'] = 1;
    calls.length = 0;
  });
  assert.deepEqual(calls, ['write visitor1 user|s:3:"ann";count|i:1;', 'close']);
});

test('the next request of the same browser finds its data, and gets no cookie', async () => {
  await ann.visit(async () => {
    await session_start();
    $_SESSION['count'] = 1;
  });
  const cookies = await ann.visit(async () => {
    await session_start();
    assert.equal($_SESSION['count'], 1);
  });
  assert.deepEqual(cookies, []);
});

test('another browser has its own session', async () => {
  await ann.visit(async () => {
    await session_start();
    $_SESSION['user'] = 'ann';
  });
  await new Browser().visit(async () => {
    await session_start();
    assert.equal(session_id(), 'visitor2');
    assert.equal($_SESSION['user'], undefined);
  });
});

test('a session that has not changed is only touched', async () => {
  stored.set('known', 'count|i:1;');
  ann.cookies.set('PHPSESSID', 'known');
  await ann.visit(async () => {
    await session_start();
    $_SESSION['count'] = 1;
  });
  assert.deepEqual(calls, ['open', 'read known', 'touch known', 'close']);
});

test('session_write_close() ends the session early; later changes are not saved', async () => {
  await ann.visit(async () => {
    await session_start();
    $_SESSION['count'] = 1;
    await session_write_close();
    assert.equal(session_status(), PHP_SESSION_NONE);
    $_SESSION['count'] = 2;
  });
  assert.equal(stored.get('visitor1'), 'count|i:1;');
});

test('a sign-in gives the session a new id and keeps its data', async () => {
  await ann.visit(async () => {
    await session_start();
    $_SESSION['cart'] = 'tea';
  });
  const cookies = await ann.visit(async () => {
    await session_start();
    await session_regenerate_id(true);
    $_SESSION['user'] = 'ann';
  });
  assert.deepEqual(cookies, ['PHPSESSID=visitor2; path=/']);
  assert.deepEqual([...stored], [['visitor2', 'cart|s:3:"tea";user|s:3:"ann";']]);
});

test('session_destroy() deletes what is stored; $_SESSION and the cookie are left to the page', async () => {
  await ann.visit(async () => {
    await session_start();
    $_SESSION['user'] = 'ann';
  });
  const cookies = await ann.visit(async () => {
    await session_start();
    await session_destroy();
    assert.equal(session_status(), PHP_SESSION_NONE);
    assert.equal($_SESSION['user'], 'ann');
    delete $_SESSION['user'];
  });
  assert.deepEqual(calls.slice(-2), ['destroy visitor1', 'close']);
  assert.deepEqual(cookies, []);
  assert.equal(stored.size, 0);
});

test('settings are changed before session_start(), and its cookie follows them', async () => {
  const cookies = await ann.visit(async () => {
    session_name('shop');
    session_set_cookie_params({ path: '/shop', secure: true, httponly: true, samesite: 'Lax' });
    assert.equal(session_get_cookie_params().path, '/shop');
    await session_start();
  });
  assert.deepEqual(cookies, ['shop=visitor1; path=/shop; secure; HttpOnly; SameSite=Lax']);
});

test('shutdown functions run while the session is still active', async () => {
  await ann.visit(async () => {
    register_shutdown_function(() => {
      assert.equal(session_status(), PHP_SESSION_ACTIVE);
      $_SESSION['last'] = 'words';
    });
    await session_start();
  });
  assert.equal(stored.get('visitor1'), 'last|s:5:"words";');
});

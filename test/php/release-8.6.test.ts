/**
 * PHP 8.6. npm offers no build of it to run beside ours: a run of PHP 8.6 RC3 was written down, and
 * what PHP's own tests of this release expect.
 */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  $_SESSION,
  type AnySessionHandler,
  ini_get,
  ini_set,
  PHP_SESSION_NONE,
  type PhpVersion,
  SessionHandler,
  session_cache_limiter,
  session_encode,
  session_gc,
  session_get_cookie_params,
  session_id,
  session_module_name,
  session_regenerate_id,
  session_save_path,
  session_set_cookie_params,
  session_set_save_handler,
  session_start,
  session_status,
  session_write_close,
  withPhpRequest,
} from '#php';
import { partsOf } from './parts.ts';

const releases: readonly PhpVersion[] = ['8.2', '8.3', '8.4', '8.5', '8.6'];

/** Runs a program in a release and returns PHP's messages. */
async function messagesIn(version: PhpVersion, body: () => unknown): Promise<string[]> {
  const messages: string[] = [];
  const onMessage = ({ level, message }: { level: string; message: string }): void => {
    messages.push(`${level}: ${message}`);
  };
  const folder = await mkdtemp(join(tmpdir(), 'phpsessid-release-'));
  const settings = { 'session.gc_probability': 0, 'session.save_path': folder };
  try {
    await withPhpRequest({ version, settings, onMessage }, async () => {
      await body();
    });
  } finally {
    await rm(folder, { recursive: true });
  }
  return messages;
}

/** Runs a program in each release; only the answer of 8.6 may differ. */
async function inReleases<Answer>(body: () => Answer | Promise<Answer>) {
  const answers = new Map<PhpVersion, Answer>();
  for (const version of releases) {
    await messagesIn(version, async () => {
      answers.set(version, await body());
    });
  }
  return Object.fromEntries(answers);
}

function before<Answer>(old: Answer, current: Answer): Record<string, Answer> {
  return { '8.2': old, '8.3': old, '8.4': old, '8.5': old, '8.6': current };
}

/** A handler that notes its calls; without create_sid() and validateId(). */
class Noting implements AnySessionHandler {
  readonly calls: string[] = [];
  open = (): boolean => true;
  close = (): boolean => true;
  read = (): string => '';
  write = (id: string, data: string): boolean => this.#note(`write ${id} '${data}'`);
  destroy = (): boolean => true;
  gc = (): number => 0;
  updateTimestamp = (id: string, data: string): boolean => this.#note(`touch ${id} '${data}'`);

  #note(call: string): boolean {
    this.calls.push(call);
    return true;
  }
}

class Checking extends Noting {
  create_sid = (): string => 'made';
  validateId = (): boolean => true;
}

test('three defaults are secure, and php.ini can set them back', async () => {
  const defaults = await inReleases(() => [
    ini_get('session.use_strict_mode'),
    ini_get('session.cookie_httponly'),
    ini_get('session.cookie_samesite'),
  ]);
  assert.deepEqual(defaults, before(['0', '0', ''], ['1', '1', 'Lax']));
  const settings = { 'session.use_strict_mode': false, 'session.cookie_samesite': '' } as const;
  await withPhpRequest({ version: '8.6', settings }, () => {
    assert.equal(ini_get('session.use_strict_mode'), '');
    const { httponly, samesite } = session_get_cookie_params();
    assert.deepEqual({ httponly, samesite }, { httponly: true, samesite: '' });
  });
});

test('an id that the handler does not know is replaced', async () => {
  const ids = await inReleases(async () => {
    session_id('f'.repeat(32));
    await session_start();
    return session_id() === 'f'.repeat(32);
  });
  assert.deepEqual(ids, before(true, false));
});

test('session_encode() of an empty session is a string', async () => {
  const encoded = await inReleases(async () => {
    await session_start();
    return session_encode();
  });
  assert.deepEqual(encoded, before<string | Uint8Array | false>(false, ''));
});

test('an unchanged empty session is touched', async () => {
  const calls = await inReleases(async () => {
    const handler = new Checking();
    session_set_save_handler(handler);
    await session_start();
    await session_write_close();
    return handler.calls;
  });
  assert.deepEqual(calls, before(["write made ''"], ["touch made ''"]));
});

test('a session that was emptied is written', async () => {
  const handler = new Checking();
  handler.read = () => 'count|i:1;';
  await messagesIn('8.6', async () => {
    session_set_save_handler(handler);
    await session_start();
    delete $_SESSION['count'];
  });
  assert.deepEqual(handler.calls, ["write made ''"]);
});

test('a handler without create_sid() and validateId() is warned of', async () => {
  const install = (): void => void session_set_save_handler(new Noting());
  assert.deepEqual(await messagesIn('8.5', install), []);
  const missing = (name: string): string =>
    `E_WARNING: Class Noting implementing SessionHandlerInterface is missing the ${name}() method which will be required in PHP 9.0`;
  const deprecated = (name: string): string =>
    `E_DEPRECATED: session_set_save_handler(): Providing an object to argument #1 ($sessionhandler) which does not have the ${name}() method defined is deprecated`;
  const once = [
    missing('create_sid'),
    missing('validateId'),
    deprecated('create_sid'),
    deprecated('validateId'),
  ];
  assert.deepEqual(await messagesIn('8.6', install), once);
  // PHP links a class once a request, and looks at each object.
  assert.deepEqual(
    await messagesIn('8.6', () => {
      install();
      install();
    }),
    [...once, deprecated('create_sid'), deprecated('validateId')],
  );
  assert.deepEqual(await messagesIn('8.6', () => session_set_save_handler(new Checking())), []);
  // PHP reports one missing method also where the other is there: php-src #23328.
  const half = Object.assign(new Noting(), { create_sid: () => 'made' });
  assert.deepEqual(await messagesIn('8.6', () => session_set_save_handler(half)), [
    missing('validateId'),
    deprecated('validateId'),
  ]);
});

test('SessionHandler has validateId(), and a subclass is strict by it', async () => {
  class Own extends SessionHandler {}
  assert.deepEqual(await messagesIn('8.6', () => session_set_save_handler(new Own())), []);
  const ids = await inReleases(async () => {
    session_set_save_handler(new Own());
    session_id('f'.repeat(32));
    await session_start({ use_strict_mode: true });
    return session_id() === 'f'.repeat(32);
  });
  assert.deepEqual(ids, before(true, false));
});

test('SessionHandler::validateId() knows the ids of the files handler', async () => {
  await messagesIn('8.6', async () => {
    const handler = new SessionHandler();
    session_set_save_handler(handler);
    await session_start();
    $_SESSION['count'] = 1;
    const id = String(session_id());
    assert.equal(await handler.validateId('f'.repeat(32)), false);
    await session_write_close();
    await session_start();
    assert.equal(session_id(), id);
    assert.equal(await handler.validateId(id), true);
  });
  await messagesIn('8.5', async () => {
    assert.throws(
      () => new SessionHandler().validateId('x'),
      /Call to undefined method SessionHandler::validateId\(\)/,
    );
  });
});

test('a subclass with an open() of its own accepts every id, and a parent that makes one warns', async () => {
  class Own extends SessionHandler {
    override open = async (): Promise<boolean> => true;
    override close = async (): Promise<boolean> => true;
    override read = async (): Promise<string> => '';
    override write = async (): Promise<boolean> => true;
  }
  let id: unknown;
  const start = async (): Promise<void> => {
    session_set_save_handler(new Own());
    await session_start({ use_strict_mode: true });
    id = session_id();
  };
  const messages = await messagesIn('8.6', async () => {
    session_id('f'.repeat(32));
    await start();
  });
  assert.deepEqual([id, messages], ['f'.repeat(32), []]);
  assert.deepEqual(await messagesIn('8.5', start), []);
  assert.deepEqual(await messagesIn('8.6', start), [
    'E_WARNING: SessionHandler::create_sid(): Parent session handler is not open, defaulting to session_create_id()',
  ]);
});

// Recorded from php-src's master: session_create_id_create_sid_throws.phpt and the tests beside it.
test('a create_sid() that returns no string has a TypeError', async () => {
  const failing = (answer: () => unknown) => async (): Promise<string> => {
    const handler = new Checking();
    handler.create_sid = answer as () => string;
    session_set_save_handler(handler);
    return await session_start().then(String, (error: Error) => `${error} (${error.cause})`);
  };
  const error = (type: string): string =>
    `TypeError: Session id must be of type string, ${type} given (undefined)`;
  const old = 'Error: Session id must be a string (undefined)';
  assert.deepEqual(await inReleases(failing(() => false)), before(old, error('bool')));
  assert.deepEqual(await inReleases(failing(() => null)), before(old, error('null')));
  assert.deepEqual(await inReleases(failing(() => [])), before(old, error('array')));
  const throwing = failing(() => {
    throw new RangeError('no id');
  });
  assert.deepEqual(
    await inReleases(throwing),
    before(
      'Error: Session id must be a string (RangeError: no id)',
      'TypeError: Session id must be of type string, null given (RangeError: no id)',
    ),
  );
});

// session_start_strict_recreate_create_sid_fails.phpt, php-src #23847.
test('a refused id that cannot be replaced ends the start, without a cookie', async () => {
  const cookies = new Map<PhpVersion, unknown>();
  for (const version of ['8.5', '8.6'] as const) {
    const { headers, parts } = partsOf('rejected');
    const handler = new Checking();
    handler.validateId = () => false;
    handler.create_sid = () => {
      throw new RangeError('no id');
    };
    await withPhpRequest(
      { version, settings: { 'session.use_strict_mode': true }, onMessage() {} },
      async () => {
        session_set_save_handler(handler);
        await assert.rejects(session_start(), /Session id must be/);
        assert.equal(session_status(), PHP_SESSION_NONE);
      },
      parts,
    );
    cookies.set(version, headers.get('Set-Cookie'));
  }
  assert.match(String(cookies.get('8.5')), /^PHPSESSID=[0-9a-f]{32}; path/);
  assert.equal(cookies.get('8.6'), undefined);
});

// session_regenerate_id_create_sid_fails_close.phpt, php-src #23800.
test('session_regenerate_id() leaves no handler open where create_sid() fails', async () => {
  const closed = await inReleases(async () => {
    const handler = new Checking();
    let count = 0;
    handler.close = () => {
      count += 1;
      return true;
    };
    session_set_save_handler(handler);
    await session_start({ use_strict_mode: false });
    handler.create_sid = () => {
      throw new RangeError('no id');
    };
    await assert.rejects(session_regenerate_id(), /Session id must be/);
    session_module_name('files');
    return count;
  });
  assert.deepEqual(closed, before(2, 1));
});

test('a failed save names write() where it was called in place of updateTimestamp()', async () => {
  class Failing extends SessionHandler {
    override read = async (): Promise<string> => 'count|i:1;';
    override write = async (): Promise<boolean> => false;
  }
  const named = async (version: PhpVersion): Promise<string | undefined> => {
    const messages = await messagesIn(version, async () => {
      session_set_save_handler(new Failing());
      await session_start();
      await session_write_close();
    });
    return /handler: (.*)\)$/.exec(messages.at(-1) ?? '')?.[1];
  };
  assert.equal(await named('8.5'), 'Failing::updateTimestamp');
  assert.equal(await named('8.6'), 'Failing::write');
});

test('a NUL in a path, a domain, a limiter or a Referer is refused', async () => {
  assert.deepEqual(
    await messagesIn('8.6', () => {
      assert.equal(ini_set('session.save_path', '/a\0b'), false);
      assert.equal(ini_set('session.referer_check', 'a\0b'), false);
      assert.equal(ini_set('session.cookie_path', '/a\0b'), false);
      assert.equal(ini_get('session.cookie_path'), '/');
      assert.equal(ini_set('session.cookie_domain', 'a\0b'), false);
      assert.equal(ini_set('session.cache_limiter', 'public\0' as 'public'), false);
      assert.equal(session_set_cookie_params({ path: '/a\0b' }), false);
      assert.equal(session_cache_limiter('public\0' as 'public'), 'nocache');
      assert.equal(session_cache_limiter(), 'nocache');
    }),
    [
      'ini_set(): "session.save_path"',
      'ini_set(): "session.referer_check"',
      'ini_set(): "session.cookie_path"',
      'ini_set(): "session.cookie_domain"',
      'ini_set(): "session.cache_limiter"',
      'session_set_cookie_params(): "session.cookie_path"',
      'session_cache_limiter(): "session.cache_limiter"',
    ].map((start) => `E_WARNING: ${start} must not contain null bytes`),
  );
  const answers = await inReleases(() => ini_set('session.cookie_path', '/a\0b'));
  assert.deepEqual(answers, before<string | false>('/', false));
  assert.equal(await withPhpRequest({ version: '8.6' }, () => session_status()), 1);
});

test('a SameSite that no browser knows is refused', async () => {
  const change = (): unknown[] => [
    ini_set('session.cookie_samesite', 'Strict\r\nX-Injected: evil' as 'Strict'),
    session_set_cookie_params({ samesite: 'Invalid' as 'Lax' }),
    ini_get('session.cookie_samesite'),
    ...(['Strict', 'lax', 'None', ''] as const).map((value) =>
      ini_set('session.cookie_samesite', value as 'Lax'),
    ),
  ];
  assert.deepEqual(
    await messagesIn('8.6', () => {
      assert.deepEqual(change(), [false, false, 'Lax', 'Lax', 'Strict', 'lax', 'None']);
    }),
    ['ini_set()', 'session_set_cookie_params()'].map(
      (name) =>
        `E_WARNING: ${name}: session.cookie_samesite must be "Strict", "Lax", "None", or ""`,
    ),
  );
  assert.deepEqual(await messagesIn('8.5', change), []);
  await assert.rejects(
    () =>
      withPhpRequest(
        { version: '8.6', settings: { 'session.cookie_samesite': 'x' as 'Lax' } },
        () => {},
      ),
    /RangeError: session\.cookie_samesite must be "Strict", "Lax", "None", or ""; leave/,
  );
});

test('a lifetime of the cookie is an integer from 0 on', async () => {
  const refused = ['1.5', 'abc', '', '1K', '-1', '-99999999999999999999', `${2n ** 63n - 1n}`];
  const messages = await messagesIn('8.6', () => {
    ini_set('session.cookie_lifetime', 100);
    for (const value of refused)
      assert.equal(ini_set('session.cookie_lifetime', value as '1K'), false);
    assert.equal(session_set_cookie_params({ lifetime: -10 }), false);
    assert.equal(ini_set('session.cookie_lifetime', ' +200 ' as '200'), '100');
    assert.equal(session_get_cookie_params().lifetime, 200);
  });
  const range = 'session.cookie_lifetime must be between 0 and 9223372034707292159';
  const type = 'session.cookie_lifetime must be of type int';
  assert.deepEqual(messages, [
    ...[type, type, type, type, range, range, range].map((text) => `E_WARNING: ini_set(): ${text}`),
    `E_WARNING: session_set_cookie_params(): ${range}`,
  ]);
});

test('session_module_name() refuses a NUL', async () => {
  const outcome = (module: string): string => {
    try {
      return String(session_module_name(module));
    } catch (error) {
      return String(error);
    }
  };
  const start = 'ValueError: session_module_name(): Argument #1 ($module)';
  assert.deepEqual(
    await inReleases(() => outcome('user')),
    before(`${start} cannot be "user"`, `${start} must not be "user"`),
  );
  assert.deepEqual(
    await inReleases(() => outcome('fi\0le')),
    before('false', `${start} must not contain any null bytes`),
  );
});

test('a tree of session files is swept', async () => {
  const deleted = await inReleases(async () => {
    const folder = session_save_path() as string;
    for (const name of ['a/b', 'b/c', 'empty'])
      await mkdir(join(folder, name), { recursive: true });
    for (const name of ['a/b/sess_aborted', 'b/c/sess_bc', 'a/b/other', 'a/sess_above']) {
      await writeFile(join(folder, name), '');
      await utimes(join(folder, name), 1, 1);
    }
    session_save_path(`2;${folder}`);
    session_id('abc');
    await session_start({ use_strict_mode: false });
    return [await session_gc(), (await readdir(folder, { recursive: true })).sort().join(' ')];
  });
  const left = 'a a/b a/b/other a/b/sess_abc a/sess_above b b/c';
  assert.deepEqual(
    deleted,
    before<(string | number | false)[]>(
      [false, 'a a/b a/b/other a/b/sess_abc a/b/sess_aborted a/sess_above b b/c b/c/sess_bc empty'],
      [2, `${left} empty`],
    ),
  );
});

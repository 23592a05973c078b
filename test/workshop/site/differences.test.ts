/** The known differences between PHP and the port; each test sees both sides of one. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { withPhpSession } from '../../../src/adapters/node.ts';
import {
  $_SESSION,
  ini_get,
  ini_set,
  PHP_SESSION_ACTIVE,
  type PhpOptions,
  PhpScopeError,
  type PhpSessionMessage,
  SessionHandler,
  SID,
  session_abort,
  session_create_id,
  session_decode,
  session_encode,
  session_gc,
  session_id,
  session_set_save_handler,
  session_start,
  session_status,
  session_write_close,
  setSessionVariables,
  withPhpRequest,
} from '../../../src/php/index.ts';
import {
  decodeSession,
  PhpEnum,
  PhpFloat,
  PhpObject,
  PhpReference,
  PhpSerializable,
  serialize,
  unserialize,
} from '../../../src/serialize/index.ts';
import { type PhpServer, startPhp } from '../../../src/workshop/oracle/php-cgi.ts';
import { openWasmPhp, type WasmPhp } from '../../../src/workshop/oracle/wasm.ts';
import { type Difference, keepResults } from '../../../src/workshop/site/comparisons.ts';
import { serve } from '../../adapters/fixture.ts';
import { partsOf } from '../../php/parts.ts';
import '../../php/own-save-path.ts';

let folder: string;
let native: PhpServer;
let php: WasmPhp;
const differences: Difference[] = [];

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'phpsessid-differences-'));
  native = await startPhp({ settings: { 'session.save_path': folder } });
  php = await openWasmPhp();
});
after(async () => {
  php?.close();
  await native?.close();
  rmSync(folder, { recursive: true, force: true });
  keepResults('differences', differences);
});

test('a lock of the files handler ends at the process, unless flock is on', async () => {
  const script = join(folder, 'lock.php');
  const code = (start: string): string =>
    `<?php ${start} $file = fopen($_GET['folder'] . '/sess_held', 'c'); echo json_encode(flock($file, LOCK_EX | LOCK_NB));`;
  const query = `folder=${encodeURIComponent(folder)}`;
  writeFileSync(script, code('session_start();'));
  const inPhp = await native.request({ script, query, cookie: 'PHPSESSID=held' });
  assert.equal(inPhp.body, 'false', 'PHP keeps its file locked for every process');

  writeFileSync(script, code(''));
  const settings = { 'session.save_path': folder };
  await withPhpRequest({ settings }, async () => {
    session_id('held');
    await session_start();
    assert.equal((await native.request({ script, query })).body, 'true');
    const other = withPhpRequest({ settings }, async () => {
      session_id('held');
      await session_start();
      return $_SESSION['count'];
    });
    $_SESSION['count'] = 3;
    await session_write_close();
    assert.equal(await other, 3, 'a second request of this process has waited');
  });
  await withPhpRequest({ settings, flock: true }, async () => {
    session_id('held');
    await session_start();
    assert.equal((await native.request({ script, query })).body, 'false');
    await session_write_close();
    assert.equal((await native.request({ script, query })).body, 'true');
  });
  differences.push({
    name: 'locks of the files handler',
    php: 'flock(): from read to close a session’s file is locked for every process',
    ours: 'Node has no flock(): by default requests of one process wait for each other, those of other processes do not',
    instead:
      'the option `flock`, which costs a process each time, or a handler that locks in its database',
  });
});

test('no page is rewritten', async () => {
  const page = '<a href="/next">next</a>';
  const settings = { 'session.use_only_cookies': false, 'session.use_trans_sid': true };
  const printed = await php.run(
    `<?php error_reporting(0); ini_set('session.use_only_cookies', '0'); ini_set('session.use_trans_sid', '1'); session_id('known'); session_start(); echo '${page}';`,
  );
  assert.equal(printed.toString(), '<a href="/next?PHPSESSID=known">next</a>');
  const reported: string[] = [];
  const onMessage = ({ message }: PhpSessionMessage): void => void reported.push(message);
  const { body } = await visit({ settings, onMessage }, async () => {
    session_id('known');
    ini_set('session.use_trans_sid', '1');
    await session_start();
    return `${page} ${SID}`;
  });
  assert.deepEqual(reported, [
    'ini_set(): Enabling session.use_trans_sid INI setting is deprecated',
    'Constant SID is deprecated',
  ]);
  assert.equal(body, `${page} PHPSESSID=known`);
  differences.push({
    name: 'ids in links',
    php: 'with session.use_trans_sid on, links and forms of the printed page get the id',
    ours: 'the setting is accepted, the page is sent unchanged',
    instead: 'put `SID` into links by hand; PHP 8.4 deprecates both',
  });
});

test('an upload records no progress', async () => {
  const boundary = 'xxx';
  const part = (name: string, more: string, text: string): string =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${text}\r\n`;
  const body = `${part('PHP_SESSION_UPLOAD_PROGRESS', '', 'one')}${part('file', '; filename="a.txt"', 'abc')}--${boundary}--\r\n`;
  const type = `multipart/form-data; boundary=${boundary}`;
  const script = join(folder, 'upload.php');
  writeFileSync(script, '<?php session_start(); echo implode(" ", array_keys($_SESSION));');
  const inPhp = await native.request({
    script,
    body,
    cookie: 'PHPSESSID=upload',
    headers: { 'Content-Type': type },
    settings: { 'session.upload_progress.enabled': '1', 'session.upload_progress.cleanup': '0' },
  });
  assert.equal(inPhp.body, 'upload_progress_one');
  const ours = await visit(
    {},
    async () => {
      await session_start();
      return Object.keys($_SESSION).join(' ');
    },
    { method: 'POST', body, headers: { 'Content-Type': type } },
  );
  assert.equal(ours.body, '');
  differences.push({
    name: 'upload progress',
    php: 'with a hidden field in the form, the session holds the progress of its files',
    ours: 'no body is parsed, so no progress is recorded',
    instead: 'the events of your framework’s multipart parser',
  });
});

test('a class that PHP never unserializes is an object like any other', async () => {
  const refused = async (code: string): Promise<string> =>
    (
      await php.run(`<?php try { ${code} } catch (Throwable $e) { echo $e->getMessage(); }`)
    ).toString();
  assert.equal(
    await refused('serialize(function () {});'),
    "Serialization of 'Closure' is not allowed",
  );
  const bytes = serialize(new PhpObject('Closure'));
  assert.equal(bytes.toString(), 'O:7:"Closure":0:{}');
  assert.equal(
    await refused(`unserialize('${bytes}');`),
    "Unserialization of 'Closure' is not allowed",
  );
  assert.ok(unserialize(bytes) instanceof PhpObject);
  assert.equal(
    await refused('serialize((function () { yield 1; })());'),
    "Serialization of 'Generator' is not allowed",
  );
  const date = 'O:8:"DateTime":0:{}';
  assert.equal(
    await refused(`unserialize('${date}');`),
    'Invalid serialization data for DateTime object',
  );
  assert.equal(serialize(unserialize(date)).toString(), date);
  differences.push({
    name: 'classes that refuse',
    php: 'Closure, Generator and similar classes are neither serialized nor unserialized; DateTime, ArrayObject and other classes of PHP refuse invalid data',
    ours: 'no class is looked up, so none is refused: `PhpObject` accepts every name and all data',
    instead: 'check `className` before you write the object; PHP still refuses to read it',
  });
});

test('the payload of an unknown class is kept, where PHP drops it', async () => {
  const again = async (text: string): Promise<string> =>
    (await php.run(`<?php error_reporting(0); echo serialize(unserialize('${text}'));`)).toString();
  const opaque = 'C:5:"Point":3:{3,4}';
  const unknown = 'E:11:"Suit:Hearts";';
  assert.equal(await again(opaque), 'O:5:"Point":0:{}');
  assert.equal(await again(unknown), 'b:0;');
  assert.ok(unserialize(opaque) instanceof PhpSerializable);
  assert.ok(unserialize(unknown) instanceof PhpEnum);
  assert.equal(serialize(unserialize(opaque)).toString(), opaque);
  assert.equal(serialize(unserialize(unknown)).toString(), unknown);
  // PHP's stand-in for an unknown class, serialized by itself: PHP loses a property.
  const standIn = 'O:22:"__PHP_Incomplete_Class":1:{s:1:"a";i:1;}';
  assert.equal(await again(standIn), 'O:22:"__PHP_Incomplete_Class":0:{}');
  assert.equal(serialize(unserialize(standIn)).toString(), standIn);
  const returned = 'O:5:"Point":1:{i:0;i:3;}';
  assert.equal(await again(returned), 'O:5:"Point":1:{s:1:"0";i:3;}');
  assert.equal(serialize(unserialize(returned)).toString(), returned);
  const begin = `<?php error_reporting(0); session_start();`;
  const decoded = await php.run(`${begin} echo json_encode(session_decode('a|${unknown}'));`);
  assert.equal(decoded.toString(), 'false');
  assert.equal(decodeSession('php', `a|${unknown}`).error, undefined);
  differences.push({
    name: 'unknown classes',
    php: 'the payload of C: is dropped; a case of an unknown enum is read as false, and in a session it destroys the whole session',
    ours: 'both are kept, and written again unchanged; no method of a class ever runs',
    instead: '`PhpSerializable`, `PhpEnum` and `PhpObject`, by the names in the bytes',
  });
});

test('the depth and the classes of unserialize() are not settings', async () => {
  const script = join(folder, 'depth.php');
  writeFileSync(
    script,
    `<?php error_reporting(0); ob_start();
    $read = function ($depth) {
      session_start();
      return session_decode('a|' . str_repeat('a:1:{i:0;', $depth) . 'N;' . str_repeat('}', $depth));
    };
    $read_all = array_map($read, [4096, 4097]);
    ini_set('unserialize_max_depth', '2');
    echo json_encode([$read_all, array_map($read, [2, 3])]);`,
  );
  const inPhp = await native.request({ script });
  assert.equal(inPhp.body, '[[true,false],[true,false]]');
  const nested = (depth: number): string => `a|${'a:1:{i:0;'.repeat(depth)}N;${'}'.repeat(depth)}`;
  const isRead = (depth: number, maxDepth?: number): boolean =>
    decodeSession('php', nested(depth), { maxDepth }).error === undefined;
  assert.deepEqual(
    [isRead(4096), isRead(4097), isRead(2, 2), isRead(3, 2)],
    [true, false, true, false],
  );
  await withPhpRequest({ settings: { 'session.save_path': folder } }, async () => {
    // @ts-expect-error the types know the session's settings
    assert.equal(ini_set('unserialize_max_depth', '2'), false);
    await session_start();
    assert.equal(await session_decode(nested(4096)), true);
    await session_abort();
  });

  const allowed = `var_dump(unserialize('O:8:"stdClass":0:{}', ['allowed_classes' => false]));`;
  assert.match((await php.run(`<?php ${allowed}`)).toString(), /__PHP_Incomplete_Class/);
  differences.push({
    name: 'limits of unserialize()',
    php: 'unserialize_max_depth, 4096 by default, limits session data too; allowed_classes is an option of unserialize() alone',
    ours: 'session data has the limit 4096, which is no setting; no class is ever made, so none has to be allowed',
    instead: 'the option `maxDepth` of `unserialize()` and `decodeSession()`',
  });
});

test('a float that is a whole number needs PhpFloat', async () => {
  assert.equal((await php.run('<?php echo serialize(1.0);')).toString(), 'd:1;');
  assert.equal(serialize(1.0).toString(), 'i:1;');
  assert.equal(serialize(new PhpFloat(1)).toString(), 'd:1;');
  assert.equal(serialize(unserialize('d:1;')).toString(), 'd:1;');
  differences.push({
    name: '1 and 1.0',
    php: 'an integer and a float',
    ours: 'one JavaScript number: a new `1.0` is written as an integer',
    instead: '`new PhpFloat(1)`; a float that was read stays a float',
  });
});

test('the session is saved before the page leaves', async () => {
  const failing = await php
    .run(
      `<?php class Failing extends SessionHandler { function write($id, $data): bool { throw new Exception('full'); } } session_set_save_handler(new Failing()); session_start(); $_SESSION['a'] = 1; echo 'saved';`,
    )
    .then(String, String);
  assert.match(failing, /saved.*Uncaught Exception: full/s);
  const { status, body } = await visit({}, async () => {
    session_set_save_handler({
      open: () => true,
      close: () => true,
      read: () => '',
      write() {
        throw new Error('full');
      },
      destroy: () => true,
      gc: () => 0,
    });
    await session_start();
    $_SESSION['a'] = 1;
    return 'saved';
  });
  assert.deepEqual([status, body], [500, 'Internal Server Error\n']);
  differences.push({
    name: 'when a session is saved',
    php: 'after the page was printed: the visitor does not learn of a failure',
    ours: 'before the head of the response leaves: a failure answers 500',
    instead: 'call `session_write_close()` earlier, as in PHP',
  });
});

test('an outage of the store can leave a visitor their cookie', async () => {
  const script = join(folder, 'outage.php');
  const start = 'try { session_start(); } catch (Throwable $error) {}';
  writeFileSync(
    script,
    `<?php class Outage extends SessionHandler implements SessionUpdateTimestampHandlerInterface {
      function validateId($id): bool { throw new Exception('busy'); }
      function updateTimestamp($id, $data): bool { return true; }
      function close(): bool { echo 'closed'; return parent::close(); }
    }
    ini_set('session.use_strict_mode', '1');
    session_set_save_handler(new Outage()); ${start}`,
  );
  const inPhp = await native.request({ script, cookie: 'PHPSESSID=known' });
  assert.match(String(inPhp.setCookie), /^PHPSESSID=\w{26,32}; path=\/$/);
  assert.equal(inPhp.body, '', 'PHP does not call close()');

  const calls: string[] = [];
  const handler = {
    open: () => true,
    close: () => calls.push('closed') > 0,
    read: () => '',
    write: () => true,
    destroy: () => true,
    gc: () => 0,
    validateId: (): boolean => {
      throw new Error('busy');
    },
  };
  const visit = async (containFailures: boolean): Promise<unknown> => {
    const { parts, headers } = partsOf('known');
    const settings = { 'session.use_strict_mode': true };
    const page = async (): Promise<void> => {
      session_set_save_handler(handler);
      await assert.rejects(session_start(), /busy|must be a string/);
    };
    await withPhpRequest({ settings, containFailures }, page, parts);
    return headers.get('Set-Cookie');
  };
  assert.match(String(await visit(false)), /^PHPSESSID=\w{32}; path=\/$/);
  assert.deepEqual(calls, []);
  assert.equal(await visit(true), undefined);
  assert.deepEqual(calls, ['closed']);
  differences.push({
    name: 'a handler that fails',
    php: 'a new id for the visitor if validateId() throws; no close() after an exception',
    ours: 'the same by default; with the option, a failed start sets no cookie and close() is always called',
    instead: 'the option `containFailures`',
  });
});

test('a message is not part of the page', async () => {
  const printed = await php.run(`<?php ini_set('html_errors', '0'); session_gc(); echo 'page';`);
  assert.match(printed.toString(), /^\s*Warning: session_gc\(\): Session cannot.*page$/s);
  const reported: PhpSessionMessage[] = [];
  const { body } = await visit({ onMessage: (message) => reported.push(message) }, async () => {
    await session_gc();
    return 'page';
  });
  assert.equal(body, 'page');
  assert.match(reported[0]?.message ?? '', /^session_gc\(\): Session cannot/);
  differences.push({
    name: 'messages',
    php: 'printed into the page or written to a log, by settings',
    ours: 'passed to `onMessage` in PHP’s words, by default to `process.emitWarning()`',
    instead: 'call your logger in `onMessage`',
  });
});

test('only the settings of the session exist', async () => {
  assert.match((await php.run(`<?php echo ini_get('memory_limit');`)).toString(), /^\d+M$/);
  // @ts-expect-error the types know the session's settings
  assert.equal(await withPhpRequest({}, () => ini_get('memory_limit')), false);
  // @ts-expect-error and that php.ini alone can change this one
  assert.equal(await withPhpRequest({}, () => ini_set('session.auto_start', true)), false);
  const settings = { 'session.auto_start': true, 'session.save_path': folder };
  assert.equal(await withPhpRequest({ settings }, () => session_status()), PHP_SESSION_ACTIVE);
  differences.push({
    name: 'settings',
    php: 'all of php.ini',
    ours: '`session.*` only; settings that only php.ini can change are options of the adapter',
    instead: 'the option `settings`',
  });
});

test('an invalid setting ends the start of the program', async () => {
  const settings = { 'session.sid_length': '21', 'session.upload_progress.freq': '101%' };
  const own = await openWasmPhp({ settings: { ...settings, display_startup_errors: '0' } });
  const shown = "ini_get('session.sid_length'), ' ', ini_get('session.upload_progress.freq')";
  const started = (await own.run(`<?php echo ${shown};`)).toString();
  own.close();
  assert.match(started, /32 1%$/);
  await assert.rejects(
    withPhpRequest({ settings: { 'session.sid_length': '21' } }, () => undefined),
    { name: 'RangeError', message: /"session\.sid_length" must be between 22 and 256/ },
  );
  differences.push({
    name: 'invalid settings',
    php: 'a warning when PHP starts; then the default, or the readable part of a number',
    ours: 'a `RangeError` in PHP’s words when the program starts; deprecated settings are accepted silently',
    instead: 'leave the setting out to get its default',
  });
});

test('functions that can call a handler are async', async () => {
  assert.equal((await php.run('<?php echo json_encode(session_start());')).toString(), 'true');
  await withPhpRequest({}, async () => {
    const started = session_start();
    assert.ok(started instanceof Promise);
    assert.throws(() => $_SESSION['count'], PhpScopeError);
    assert.equal(await started, true);
  });
  differences.push({
    name: 'waiting',
    php: 'every function is synchronous',
    ours: 'functions that can call a save handler return a promise; `$_SESSION` throws a `PhpScopeError` after a forgotten `await`',
    instead: '`await session_start()`; the synchronous functions are called as in PHP',
  });
});

test('a second reference in place of a first is refused', async () => {
  const code = `$other = 9; $_SESSION['total'] = &$other; echo session_encode();`;
  const printed = await php.run(
    `<?php session_start(); session_decode('total|i:1;sum|R:1;'); ${code}`,
  );
  assert.equal(printed.toString(), 'total|i:9;sum|i:1;', 'PHP has cut the link');
  await withPhpRequest({ settings: { 'session.save_path': folder } }, async () => {
    await session_start();
    await session_decode('total|i:1;sum|R:1;');
    const other = new PhpReference(9);
    const assign = (): void => {
      $_SESSION['total'] = other;
    };
    assert.throws(assign, TypeError);
    delete $_SESSION['total'];
    assign();
    assert.equal(session_encode(), 'sum|i:1;total|i:9;');
  });
  differences.push({
    name: 'references',
    php: '`=` assigns to the shared variable, `=&` replaces the reference',
    ours: 'an assignment of a value changes the shared variable; a second `PhpReference` throws a `TypeError`',
    instead: '`delete` the variable, then assign the `PhpReference`',
  });
});

test('an object with the methods of a handler needs no interface', async () => {
  const names = ['open', 'close', 'read', 'write', 'destroy', 'gc'];
  const methods = names.map((name) => `function ${name}() {}`);
  const printed = await php.run(
    `<?php class Plain { ${methods.join(' ')} } try { session_set_save_handler(new Plain); } catch (TypeError $e) { echo $e->getMessage(); }`,
  );
  assert.match(printed.toString(), /must be of type SessionHandlerInterface, Plain given$/);
  const { open, read, gc } = { open: () => true, read: () => '', gc: () => 0 };
  const plain = { open, close: open, read, write: open, destroy: open, gc };
  assert.equal(await withPhpRequest({}, () => session_set_save_handler(plain)), true);
});

test('$_SESSION as a whole is an array', async () => {
  const code = `session_start(); $_SESSION = 'text'; $other = &$_SESSION; unset($_SESSION);`;
  assert.equal((await php.run(`<?php ${code} echo 'accepted';`)).toString(), 'accepted');
  await withPhpRequest({}, () => {
    // @ts-expect-error the types say so
    assert.throws(() => setSessionVariables('text'), /must be an array, string given/);
  });
});

test('a warning after an exception reaches no error handler', async () => {
  const failing = `class Failing extends SessionHandler { public $ids = 0; function create_sid(): string { if ($this->ids++) throw new Exception('busy'); return 'first'; } }`;
  const program = (before: string): string =>
    `<?php ini_set('html_errors', '0'); ${failing} ob_start(); ${before} session_set_save_handler(new Failing); session_start(); try { session_create_id(); } catch (Error $e) {}`;
  const warning = 'session_create_id(): Failed to create new ID';
  const printing = 'set_error_handler(function ($level, $text) { echo $text; });';
  assert.ok((await php.run(program(''))).toString().includes(warning));
  assert.equal((await php.run(program(printing))).toString(), '');
  const reported: string[] = [];
  const onMessage = ({ message }: PhpSessionMessage): void => void reported.push(message);
  await withPhpRequest({ onMessage, settings: { 'session.save_path': folder } }, async () => {
    class Failing extends SessionHandler {
      ids = 0;
      override async create_sid(): Promise<string> {
        this.ids += 1;
        if (this.ids > 1) throw new Error('busy');
        return 'first';
      }
    }
    session_set_save_handler(new Failing());
    await session_start();
    await assert.rejects(session_create_id());
  });
  assert.deepEqual(reported, []);
});

test('data that an error handler refuses is not written in part', async () => {
  const program = `<?php ob_start(); session_save_path('/tmp'); session_id('half');
    set_error_handler(function ($level, $text) { throw new ErrorException($text); });
    session_start(); $_SESSION[5] = 1; $_SESSION['name'] = 'ann';
    try { session_write_close(); } catch (ErrorException $e) {}
    echo file_get_contents('/tmp/sess_half');`;
  assert.equal((await php.run(program)).toString(), 'name|');
  const onMessage = (): never => {
    throw new Error('refused');
  };
  await withPhpRequest({ onMessage, settings: { 'session.save_path': folder } }, async () => {
    session_id('half');
    await session_start();
    $_SESSION[5] = 1;
    $_SESSION['name'] = 'ann';
    await assert.rejects(session_write_close(), /refused/);
  });
  assert.equal(readFileSync(join(folder, 'sess_half'), 'utf8'), '');
});

test('after a write() and an error handler that throw, close() is not called', async () => {
  const calls = join(folder, 'calls');
  const script = join(folder, 'throwing.php');
  writeFileSync(
    script,
    `<?php class Failing extends SessionHandler {
      function write($id, $data): bool { throw new Exception('full'); }
      function close(): bool { file_put_contents('${calls}', 'close ', FILE_APPEND); return true; }
    }
    set_error_handler(function ($level, $text) {
      file_put_contents('${calls}', "$text ", FILE_APPEND);
      throw new ErrorException($text);
    });
    session_set_save_handler(new Failing, false); session_start();`,
  );
  await native.request({ script });
  const recursive = 'PHP Request Shutdown: Cannot call session save handler in a recursive manner';
  assert.equal(readFileSync(calls, 'utf8'), `${recursive} `);
  const reported: string[] = [];
  const onMessage = ({ message }: PhpSessionMessage): never => {
    reported.push(message);
    throw new Error(message);
  };
  const ended = withPhpRequest(
    { onMessage, settings: { 'session.save_path': folder } },
    async () => {
      class Failing extends SessionHandler {
        override write = (): never => {
          throw new Error('full');
        };
        override close = async (): Promise<boolean> => reported.push('close') > 0;
      }
      session_set_save_handler(new Failing(), false);
      await session_start();
    },
  );
  await assert.rejects(ended, /full/);
  assert.deepEqual(reported, [recursive]);
});

test('five releases can be chosen', async () => {
  const partitioned = (version: PhpOptions['version']): Promise<string | false> =>
    withPhpRequest({ version }, () => ini_get('session.cookie_partitioned'));
  const read = async (): Promise<string> =>
    (await php.run(`<?php echo json_encode(ini_get('session.cookie_partitioned'));`)).toString();
  assert.equal(await read(), 'false', 'PHP 8.4 does not know it');
  const releases = ['8.2', '8.3', '8.4', '8.5', '8.6'] as const;
  assert.deepEqual(await Promise.all(releases.map(partitioned)), [false, false, false, '0', '0']);
  differences.push({
    name: 'releases',
    php: 'the installed release',
    ours: '8.4 by default; 8.2, 8.3, 8.5 and 8.6 can be chosen',
    instead: 'the option `version`',
  });
});

/** One page of node:http, visited once. */
async function visit(
  options: PhpOptions,
  page: () => Promise<string>,
  init: RequestInit = {},
): Promise<{ status: number; body: string }> {
  const settings = { 'session.save_path': folder, ...options.settings };
  const listener = withPhpSession(
    async (_request, response) => {
      response.end(await page());
    },
    { ...options, settings },
  );
  const response = await fetch(await serve(listener), init);
  return { status: response.status, body: await response.text() };
}

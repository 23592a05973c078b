/** `$_SESSION` as a program reads it, and as console.log() and assertions show it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import {
  $_SESSION,
  PhpScopeError,
  session_decode,
  session_encode,
  session_id,
  session_start,
  session_status,
  session_write_close,
  sessionVariables,
  setSessionVariables,
  withPhpRequest,
} from '#php';
import { PhpObject, PhpReference } from '../../src/serialize/index.ts';
import { openWasmPhp } from '../../src/workshop/oracle/wasm.ts';
import './own-save-path.ts';

/** Starts a session that holds encoded data. */
async function inSession(data: string | Uint8Array, body: () => unknown): Promise<void> {
  const settings = { 'session.use_cookies': false };
  await withPhpRequest({ settings, onMessage() {} }, async () => {
    await session_start();
    if (data.length > 0) await session_decode(data);
    await body();
  });
}

/** PHP's encoding of a session that held this data, after this code. */
async function encodedInPhp(data: string, code: string): Promise<string> {
  const php = await openWasmPhp();
  const script = `<?php session_start(); session_decode('${data}'); ${code} echo session_encode();`;
  const printed = (await php.run(script)).toString();
  php.close();
  return printed;
}

test('console.log() shows the variables', async () => {
  await inSession('user|s:3:"ann";cart|a:1:{i:0;s:4:"book";}', () => {
    assert.equal(inspect($_SESSION), "{ user: 'ann', cart: [ 'book' ] }");
    assert.equal(inspect({ $_SESSION }, { depth: 0 }), "{ '$_SESSION': [Object] }");
    Object.assign($_SESSION, JSON.parse('{"__proto__":1}'));
    assert.match(inspect($_SESSION), /'__proto__'\]?: 1/);
    $_SESSION[5] = 'five';
    assert.match(inspect($_SESSION), /^Map\(4\) \{.*5 => 'five'\n\}$/s);
  });
});

test('console.log() never shows the id', async () => {
  await inSession('', () => {
    $_SESSION['user'] = 'ann';
    const id = String(session_id());
    assert.equal(id.length, 32);
    assert.ok(!inspect($_SESSION, { showHidden: true, depth: null }).includes(id));
  });
});

test('console.log() shows undefined, empty and scalar differently', async () => {
  await withPhpRequest({}, async () => {
    assert.equal(inspect($_SESSION), 'undefined');
    await session_start();
    assert.equal(inspect($_SESSION), '{}');
  });
  const settings = { 'session.serialize_handler': 'php_serialize' } as const;
  await withPhpRequest({ settings, onMessage() {} }, async () => {
    await session_start();
    await session_decode('s:3:"ann";');
    assert.equal(inspect($_SESSION), "'ann'");
    assert.equal(sessionVariables(), 'ann');
    await session_decode('b:0;');
    assert.equal(sessionVariables(), false);
  });
});

test('console.log() outside a request says so and does not throw', async () => {
  assert.match(inspect($_SESSION), /^\[\$_SESSION was used outside a request: wrap the listener/);
  await withPhpRequest({}, async () => {
    const started = session_start();
    assert.match(inspect($_SESSION), /^\[\$_SESSION was used while session_start\(\) was running/);
    await started;
  });
});

test('JSON.stringify() writes the variables, and a shared variable as its value', async () => {
  await inSession('total|i:1;sum|R:1;price|d:2;', () => {
    assert.equal(JSON.stringify($_SESSION), '{"total":1,"sum":1,"price":2}');
  });
});

test('structuredClone() copies the variables by either documented way', async () => {
  await inSession('cart|a:1:{i:0;s:4:"book";}', () => {
    assert.throws(() => structuredClone($_SESSION), { name: 'DataCloneError' });
    const copy = structuredClone({ ...$_SESSION });
    assert.deepEqual(copy, { cart: ['book'] });
    assert.deepEqual(structuredClone(sessionVariables()), new Map([['cart', ['book']]]));
    copy['cart'] = [];
    assert.equal(session_encode(), 'cart|a:1:{i:0;s:4:"book";}');
  });
});

test('sessionVariables() is a copy', async () => {
  await inSession('user|s:3:"ann";', () => {
    const variables = sessionVariables();
    assert.ok(variables instanceof Map);
    variables.clear();
    assert.deepEqual({ ...$_SESSION }, { user: 'ann' });
  });
});

test('setSessionVariables() replaces all variables, as in PHP', async () => {
  const data = 'user|s:3:"ann";old|i:1;';
  const expected = await encodedInPhp(data, "$_SESSION = ['user' => 'bob', 'cart' => []];");
  await inSession(data, () => {
    setSessionVariables({ user: 'bob', cart: [] });
    assert.equal(session_encode(), expected);
    setSessionVariables(new Map([['5', 'five']]));
    assert.deepEqual(sessionVariables(), new Map([[5, 'five']]));
  });
});

test('setSessionVariables() replaces a scalar, as in PHP', async () => {
  const settings = { 'session.serialize_handler': 'php_serialize' } as const;
  const php = await openWasmPhp({ settings });
  const script = `<?php session_start(); session_decode('i:5;'); $_SESSION = ['a' => 1]; echo session_encode();`;
  const expected = (await php.run(script)).toString();
  php.close();
  await withPhpRequest({ settings, onMessage() {} }, async () => {
    await session_start();
    await session_decode('i:5;');
    assert.throws(() => {
      $_SESSION['a'] = 1;
    }, /Cannot use a scalar value as an array/);
    setSessionVariables({ a: 1 });
    assert.equal(session_encode(), expected);
  });
});

test('setSessionVariables() refuses what is not an array, and what would not be saved', async () => {
  await inSession('user|s:3:"ann";', () => {
    assert.throws(() => setSessionVariables(new PhpObject('stdClass')), {
      name: 'TypeError',
      message: 'setSessionVariables(): variables must be an array, stdClass given',
    });
    // @ts-expect-error PHP saves nothing of a scalar
    assert.throws(() => setSessionVariables('ann'), /must be an array, string given$/);
    assert.equal(session_encode(), 'user|s:3:"ann";');
  });
  assert.throws(() => setSessionVariables({}), PhpScopeError);
});

test('a key that is not UTF-8 is listed, read, changed and deleted', async () => {
  await inSession(Buffer.from('caf\xe9|i:1;caf\xe8|i:2;', 'latin1'), () => {
    assert.deepEqual(Object.keys($_SESSION), ['caf\udce9', 'caf\udce8']);
    assert.equal($_SESSION['caf\udce9'], 1);
    assert.ok('caf\udce8' in $_SESSION);
    $_SESSION['caf\udce9'] = 3;
    delete $_SESSION['caf\udce8'];
    const encoded = session_encode();
    assert.ok(encoded instanceof Uint8Array);
    assert.equal(Buffer.from(encoded).toString('latin1'), 'caf\xe9|i:3;');
  });
});

test('data that is decoded twice has a key that is not UTF-8 once', async () => {
  await inSession(Buffer.from('caf\xe9|i:1;', 'latin1'), async () => {
    await session_decode(Buffer.from('caf\xe9|i:2;', 'latin1'));
    assert.deepEqual({ ...$_SESSION }, { 'caf\udce9': 2 });
    assert.equal(Buffer.from(session_encode() as Uint8Array).toString('latin1'), 'caf\xe9|i:2;');
    const twice = [1, 2].map((n) => [Buffer.from('\xe9', 'latin1'), n] as const);
    setSessionVariables(new Map(twice));
    assert.deepEqual({ ...$_SESSION }, { '\udce9': 2 });
    assert.equal(Buffer.from(session_encode() as Uint8Array).toString('latin1'), '\xe9|i:2;');
  });
});

test('keys that are not UTF-8 cost time in proportion to their number', async () => {
  const data = Array.from({ length: 20_000 }, (_, at) => `\x80${at}|N;`).join('');
  const { user } = process.cpuUsage();
  await inSession(Buffer.from(data, 'latin1'), () => {
    assert.equal(Object.keys($_SESSION).length, 20_000);
  });
  const seconds = (process.cpuUsage().user - user) / 1e6;
  assert.ok(seconds < 4, `${seconds} s`);
});

test('the box of a shared variable can be had', async () => {
  await inSession('total|i:1;sum|R:1;', () => {
    const variables = sessionVariables();
    assert.ok(variables instanceof Map);
    const box = variables.get('total');
    assert.ok(box instanceof PhpReference);
    assert.equal(variables.get('sum'), box);
    box.value = 7;
    assert.deepEqual({ ...$_SESSION }, { total: 7, sum: 7 });
  });
});

test('an assignment to a shared variable changes both places, as in PHP', async () => {
  const data = 'total|i:1;sum|R:1;';
  const expected = await encodedInPhp(
    data,
    "$box = 5; $other = &$box; $_SESSION['total'] = $other;",
  );
  await inSession(data, () => {
    $_SESSION['total'] = 5;
    assert.equal(session_encode(), expected);
  });
});

test('another reference does not cut the link of a shared variable silently', async () => {
  await inSession('total|i:1;sum|R:1;', () => {
    const other = new PhpReference(9);
    assert.throws(
      () => {
        $_SESSION['total'] = other;
      },
      { name: 'TypeError', message: /^\$_SESSION\["total"\] is a reference already/ },
    );
    assert.throws(() => Object.defineProperty($_SESSION, 'total', { value: other }), TypeError);
    assert.equal(session_encode(), 'total|i:1;sum|R:1;');
    delete $_SESSION['total'];
    $_SESSION['total'] = other;
    $_SESSION['total'] = other;
    assert.equal(session_encode(), 'sum|i:1;total|i:9;');
  });
});

test('variables can be shown, and not changed, once the session was saved', async () => {
  await withPhpRequest({}, async () => {
    await session_start();
    $_SESSION['user'] = 'ann';
    await session_write_close();
    assert.equal(session_status(), 1);
    assert.equal(inspect($_SESSION), "{ user: 'ann' }");
  });
});

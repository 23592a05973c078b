import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import {
  decodeEnvelope,
  decodeSession,
  EnvelopeError,
  encodeEnvelope,
  encodeSession,
  isEnvelope,
  PhpFloat,
  type PhpRecord,
  type PhpSessionVariables,
  type SessionFormat,
} from '../../src/serialize/index.ts';
import { openOracle } from '../../src/workshop/fuzz/oracle.ts';
import { arrayPlans } from '../../src/workshop/fuzz/plans.ts';

const FORMATS: readonly SessionFormat[] = ['php', 'php_binary', 'php_serialize'];
// The same cases each time; SEED=… tries others.
const seed = Number(process.env['SEED'] ?? 20_100_901);
const oracle = await openOracle();
after(() => oracle.close());

const read = (bytes: string): PhpSessionVariables => {
  const { variables, error } = decodeSession('php', Buffer.from(bytes, 'latin1'));
  assert.equal(error, undefined, bytes);
  return variables;
};
const written = (variables: PhpSessionVariables, format: SessionFormat = 'php'): Buffer => {
  const { bytes } = encodeSession(format, variables);
  return bytes === false ? Buffer.alloc(0) : bytes;
};

/** Returns random sessions as PHP has written them. */
async function sessionsOfPhp(format: SessionFormat, count: number): Promise<Buffer[]> {
  const answers = await oracle.encode(format, fc.sample(arrayPlans, { seed, numRuns: count }));
  const isWritten = (bytes: Buffer): boolean => bytes.toString('latin1', 0, 1) === '=';
  return answers.flatMap(({ bytes }) => (isWritten(bytes) ? [bytes.subarray(1)] : []));
}

/** PHP's bytes for the key `x`, and the value of `x` in the envelope's `data`. */
const forms = {
  'N;': 'null',
  'b:1;': 'true',
  'i:3;': '3',
  'i:9007199254740993;': '{"$php":"int","value":"9007199254740993"}',
  'd:0.1;': '0.1',
  'd:1;': '{"$php":"float","value":"1"}',
  'd:-0;': '{"$php":"float","value":"-0"}',
  'd:1.0E+25;': '{"$php":"float","value":"1.0E+25"}',
  'd:NAN;': '{"$php":"float","value":"NAN"}',
  's:4:"Zoë";': '"Zoë"',
  's:1:"1";': '"1"',
  's:2:"\xff\xfe";': '{"$php":"bytes","base64":"//4="}',
  's:3:"a\0b";': '{"$php":"bytes","base64":"YQBi"}',
  'a:1:{i:0;s:3:"tea";}': '["tea"]',
  'a:1:{s:3:"tea";i:2;}': '{"tea":2}',
  'a:0:{}': '[]',
  'a:2:{i:7;b:1;s:1:"a";N;}': '{"$php":"array","entries":[[7,true],["a",null]]}',
  'a:1:{s:4:"$php";i:1;}': '{"$php":"array","entries":[["$php",1]]}',
  'O:4:"User":3:{s:4:"name";s:3:"Ann";s:7:"\0*\0role";i:1;s:9:"\0User\0pin";i:7;}':
    '{"$php":"object","class":"User","properties":{"name":"Ann","protected:role":1,"private:User:pin":7}}',
  'O:8:"stdClass":1:{s:9:"private:x";i:1;}':
    '{"$php":"object","class":"stdClass","properties":{"public:private:x":1}}',
  'E:9:"Suit:Club";': '{"$php":"enum","class":"Suit","case":"Club"}',
  'C:5:"Point":3:{3,4}': '{"$php":"serializable","class":"Point","payload":"3,4"}',
  'a:2:{i:0;O:8:"stdClass":0:{}i:1;r:2;}':
    '[{"$php":"object","id":1,"class":"stdClass","properties":{}},{"$php":"same","id":1}]',
  'a:2:{i:0;i:5;i:1;R:2;}': '[{"$php":"reference","id":1,"value":5},{"$php":"same","id":1}]',
};

test('has a form for each type of PHP, and reads it back', () => {
  for (const [value, json] of Object.entries(forms)) {
    const php = Buffer.from(`x|${value.replace('ë', '\xc3\xab')}`, 'latin1');
    const envelope = encodeEnvelope(read(php.toString('latin1')));
    assert.equal(envelope.toString(), `{"v":2,"data":{"x":${json}}}`);
    assert.deepEqual(written(decodeEnvelope(envelope)), php);
  }
});

test("keeps 1,500 random sessions of PHP's, in the three formats, to the byte", async () => {
  let compared = 0;
  for (const format of FORMATS) {
    for (const bytes of await sessionsOfPhp(format, 600)) {
      const { variables, error } = decodeSession(format, bytes);
      assert.equal(error, undefined);
      const envelope = encodeEnvelope(variables);
      const shown = `seed ${seed}, ${bytes.toString('base64')}`;
      assert.ok(!/\0|\\u0000/.test(envelope.toString()), shown);
      const again = decodeEnvelope(envelope);
      assert.deepEqual(again, variables, shown);
      assert.deepEqual(written(again, format), bytes, shown);
      assert.deepEqual(encodeEnvelope(again), envelope, shown);
      compared += 1;
    }
  }
  assert.ok(compared > 1500, `${compared} sessions`);
});

test('carries a session as PHP wrote it where other parsers could not follow', () => {
  for (const [format, bytes] of [
    ['php', `x|${'a:1:{i:0;'.repeat(600)}i:1;${'}'.repeat(600)}`],
    ['php', 'auth|C:12:"Acme\\Storage":31:{O:8:"stdClass":1:{s:1:"v";i:1;}}user|r:2;'],
    ['php_serialize', 'a:2:{s:1:"a";O:8:"stdClass":0:{}s:1:"b";C:3:"One":4:{r:2;}}'],
    ['php', 'a|C:6:"Packed":3:{\0\x01\x02}'],
  ] as const) {
    const { variables } = decodeSession(format, bytes);
    const envelope = encodeEnvelope(variables);
    assert.match(envelope.toString(), /^\{"v":2,"php":"[\w+/=]+"\}$/);
    assert.equal(written(decodeEnvelope(envelope), format).toString(), bytes);
  }
});

test('names the path of a value that PHP cannot hold', () => {
  const refuse = (variables: unknown, message: RegExp): void => {
    assert.throws(() => encodeEnvelope(variables as PhpSessionVariables), message);
  };
  refuse(
    { cart: [{ when: new Date(0) }] },
    /^UnserializableError: \$_SESSION\.cart\[0\]\.when: Date/,
  );
  refuse({ a: undefined }, /\$_SESSION\.a: PHP has no undefined/);
  refuse(
    { a: Object.assign(new Map([[5, 1]]), { tea: 1 }) },
    /\$_SESSION\.a\.tea: a property of a Map/,
  );
  refuse({ a: Object.assign([], { tea: 1 }) }, /\$_SESSION\.a\.tea: a property of an empty list/);
  refuse({ a: '\ud800' }, /\$_SESSION\.a: half a surrogate pair/);
  refuse({ a: 2 ** 53 }, /\$_SESSION\.a: 9007199254740992 is beyond the safe integers/);
  refuse({ a: 2n ** 63n }, /\$_SESSION\.a: 9223372036854775808 does not fit/);
  const endless: unknown[] = [];
  endless.push(endless, endless);
  refuse({ endless }, /an array that contains itself has no end/);
  const deep = Buffer.from(`x|${'a:1:{i:0;'.repeat(600)}i:1;${'}'.repeat(600)}5|i:1;`);
  refuse(decodeSession('php', deep).variables, /\$_SESSION\["5"\]: PHP would read the key/);
});

test('writes the same text for the same session, however it was built', () => {
  const built = { a: [], b: { x: new PhpFloat(0.5) }, c: Buffer.from('text'), d: { '5': 7n } };
  const decoded = 'a|a:0:{}b|a:1:{s:1:"x";d:0.5;}c|s:4:"text";d|a:1:{i:5;i:7;}';
  assert.equal(String(encodeEnvelope(built)), String(encodeEnvelope(read(decoded))));
  assert.equal(String(encodeEnvelope({ a: -0 })), String(encodeEnvelope(read('a|d:-0;'))));
  assert.equal(String(encodeEnvelope({ a: {} })), '{"v":2,"data":{"a":[]}}');
  assert.equal(String(encodeEnvelope({})), '{"v":2,"data":{}}');
});

test('reads what another program may write: spaces, escapes, another order, no keys', () => {
  const data = '{"v": 2, "data": {"name": "Zo\\u00eb\\u0000", "n": 1.5e1, "list": [ 1, {} ]}}';
  assert.deepEqual(decodeEnvelope(data), { name: 'Zoë\0', n: 15, list: [1, []] });
  assert.deepEqual(decodeEnvelope('{"v":2,"data":[]}'), {});
  assert.deepEqual(decodeEnvelope('{"v":2,"data":["a"]}'), new Map([[0, 'a']]));
});

test('refuses a damaged envelope with the path, and quotes none of it', () => {
  const secret = 'secret';
  const refused: [json: string, path: string][] = [
    ['', ''],
    ['{"v":2,"data":{"a":"secret', ''],
    ['{"v":2,"data":{"a":"secret|b:1;', ''],
    ['{"v":2}', ''],
    ['{"v":2,"data":{},"php":""}', ''],
    ['{"v":2,"data":{},"__proto__":{}}', ''],
    ['{"v":2,"data":null}', 'data'],
    ['{"v":2,"data":"secret"}', 'data'],
    ['{"v":2,"data":{"$php":"float","value":"1"}}', 'data'],
    ['{"v":2,"php":"secret"}', 'php'],
    [`{"v":2,"php":"${Buffer.from('s:6:"secret";').toString('base64')}"}`, 'php'],
    ['{"v":2,"data":{"a":1,"a":2}}', ''],
    ['{"v":2,"data":{"a":{"role":"user","\\u0072ole":"admin"}}}', ''],
    ['{"v":2,"data":{"a":9007199254740993}}', 'data.a'],
    ['{"v":2,"data":{"a":[0,1e999]}}', 'data.a[1]'],
    ['{"v":2,"data":{"a":-0}}', 'data.a'],
    ['{"v":2,"data":{"a":"\\ud800"}}', 'data.a'],
    ['{"v":2,"data":{"a":{"5":1}}}', 'data.a["5"]'],
    ['{"v":2,"data":{"a":{"$php":"secret"}}}', 'data.a.$php'],
    ['{"v":2,"data":{"a":{"$php":"__proto__"}}}', 'data.a.$php'],
    ['{"v":2,"data":{"a":{"$php":"int","value":"secret"}}}', 'data.a.value'],
    ['{"v":2,"data":{"a":{"$php":"int","value":"9223372036854775808"}}}', 'data.a.value'],
    ['{"v":2,"data":{"a":{"$php":"int","value":"1","more":1}}}', 'data.a'],
    ['{"v":2,"data":{"a":{"$php":"int"}}}', 'data.a'],
    ['{"v":2,"data":{"a":{"$php":"float","value":"1E999"}}}', 'data.a.value'],
    ['{"v":2,"data":{"a":{"$php":"float","value":"0x10"}}}', 'data.a.value'],
    ['{"v":2,"data":{"a":{"$php":"bytes","base64":"//4"}}}', 'data.a.base64'],
    ['{"v":2,"data":{"a":{"$php":"array","entries":[[1,2],[1,3]]}}}', 'data.a.entries[1]'],
    ['{"v":2,"data":{"a":{"$php":"array","entries":[["5",2]]}}}', 'data.a'],
    ['{"v":2,"data":{"a":{"$php":"array","entries":[[1.5,2]]}}}', 'data.a.entries[0][0]'],
    ['{"v":2,"data":{"a":{"$php":"array","entries":[[1]]}}}', 'data.a.entries[0]'],
    ['{"v":2,"data":{"a":{"$php":"array","entries":{}}}}', 'data.a.entries'],
    ['{"v":2,"data":{"a":{"$php":"same","id":1}}}', 'data.a.id'],
    ['{"v":2,"data":{"a":{"$php":"reference","id":0,"value":1}}}', 'data.a.id'],
    ['{"v":2,"data":{"a":{"$php":"reference","id":1,"value":{"$php":"same","id":1}}}}', 'data.a'],
    ['{"v":2,"data":{"a":{"$php":"object","class":7,"properties":{}}}}', 'data.a.class'],
    ['{"v":2,"data":{"a":{"$php":"object","class":"A-B","properties":{}}}}', 'data.a.class'],
    ['{"v":2,"data":{"a":{"$php":"enum","class":"","case":"B"}}}', 'data.a.class'],
    ['{"v":2,"data":{"a":{"$php":"object","class":"A","properties":1}}}', 'data.a.properties'],
    [
      '{"v":2,"data":{"a":{"$php":"object","class":"A","properties":{"b":1,"public:b":2}}}}',
      'data.a.properties',
    ],
    [
      '{"v":2,"data":{"a":{"$php":"object","class":"A","properties":{"private:b":1}}}}',
      'data.a.properties',
    ],
    [`{"v":2,"data":${'['.repeat(512)}${']'.repeat(512)}}`, `data${'[0]'.repeat(511)}`],
  ];
  for (const [json, path] of refused) {
    assert.throws(
      () => decodeEnvelope(json),
      (error) => {
        assert.ok(error instanceof EnvelopeError, `${json}: ${String(error)}`);
        assert.equal(error.path, path, json);
        assert.ok(!String(error.stack).includes(secret), error.message);
        assert.equal(error.cause, undefined);
        return true;
      },
      json,
    );
  }
  assert.throws(
    () => decodeEnvelope(Buffer.from('{"v":2,"data":{"a":"\xff"}}', 'latin1')),
    EnvelopeError,
  );
  assert.throws(() => decodeEnvelope('{"v":2,"data":{}}', { maxLength: 9 }), RangeError);
});

test('names a newer version, so that its rows are not taken for damaged ones', () => {
  assert.throws(() => decodeEnvelope('{"v":3,"data":{},"more":[]}'), {
    name: 'EnvelopeError',
    path: 'v',
    message: 'v: version 3 is newer than 2, which this program reads; update it first',
  });
  for (const v of ['1', '0', '"2"', '2.5', 'null', '[2]', 'true']) {
    assert.throws(
      () => decodeEnvelope(`{"v":${v},"data":{}}`),
      /^EnvelopeError: v: the version is/,
    );
  }
});

test('distinguishes an envelope from every session of PHP by its first bytes, whole or cut', async () => {
  for (const format of FORMATS) {
    for (const bytes of await sessionsOfPhp(format, 200)) assert.equal(isEnvelope(bytes), false);
  }
  assert.equal(isEnvelope(''), false);
  // Cut behind the last `;` this text is a session of PHP, in which a visitor is the administrator.
  const envelope = encodeEnvelope({ name: '|i:1;admin|b:1;' });
  const cut = envelope.subarray(0, envelope.lastIndexOf(';') + 1);
  assert.equal((decodeSession('php', cut).variables as { admin?: unknown }).admin, true);
  assert.equal(isEnvelope(cut), true);
  assert.throws(() => decodeEnvelope(cut), EnvelopeError);
});

test('lets keys of a prototype be ordinary keys', () => {
  const bytes =
    'a:1:{s:1:"a";a:3:{s:9:"__proto__";a:1:{s:8:"polluted";b:1;}s:11:"constructor";i:1;s:6:"toJSON";i:2;}}';
  const { variables } = decodeSession('php_serialize', bytes);
  const again = decodeEnvelope<{ a: PhpRecord }>(encodeEnvelope(variables));
  assert.equal(Object.getPrototypeOf(again.a), Object.prototype);
  assert.deepEqual(Object.keys(again.a), ['__proto__', 'constructor', 'toJSON']);
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  assert.equal(written(again, 'php_serialize').toString(), bytes);
});

test('fails in no other way on a spoiled envelope, and reads none that it would write otherwise', async () => {
  const texts = (await sessionsOfPhp('php_serialize', 60))
    .map((bytes) => encodeEnvelope(decodeSession('php_serialize', bytes).variables).toString())
    .concat(Object.values(forms).map((json) => `{"v":2,"data":{"x":${json}}}`));
  const piece = fc.constantFrom(
    ...'{ } [ ] , : " \\ 0 1 - . e null true "$php" "id" "same" "array" "entries" "object"'.split(
      ' ',
    ),
    ...[' ', '9', '"value"', '{"$php":"same","id":1}', '\\u0000', '\ud800', '__proto__'],
  );
  const spoiled = fc
    .tuple(fc.constantFrom(...texts), fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(6), piece)
    .map(([text, place, size, piece]) => {
      const at = Math.floor(place * text.length);
      return text.slice(0, at) + piece + text.slice(at + size);
    });
  let readable = 0;
  fc.assert(
    fc.property(spoiled, (text) => {
      let variables: PhpSessionVariables;
      try {
        variables = decodeEnvelope(Buffer.from(text));
      } catch (error) {
        assert.ok(error instanceof EnvelopeError, String(error));
        return;
      }
      readable += 1;
      const envelope = encodeEnvelope(variables);
      assert.deepEqual(encodeEnvelope(decodeEnvelope(envelope)), envelope);
      const bytes = written(variables, 'php_serialize');
      assert.deepEqual(encodeEnvelope(decodeSession('php_serialize', bytes).variables), envelope);
    }),
    { seed, numRuns: 4000 },
  );
  assert.ok(readable > 20, `${readable} of 4000 could be read`);
});

test("takes the session's shape, and does not compile with another", () => {
  const { count } = decodeEnvelope<{ count: number }>('{"v":2,"data":{"count":3}}');
  assert.equal(count.toFixed(1), '3.0');
  // @ts-expect-error a session is not a list
  encodeEnvelope([1]);
  // @ts-expect-error a Date is not a value of PHP
  assert.throws(() => encodeEnvelope({ when: new Date(0) }));
});

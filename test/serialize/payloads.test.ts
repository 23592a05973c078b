/** `C:` payloads take numbers in PHP's table: PHP itself, with the classes, is asked about each. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  decodeSession,
  encodeSession,
  PhpObject,
  PhpPart,
  type PhpSerializable,
  type PhpValue,
  serialize,
  unserialize,
} from '../../src/serialize/index.ts';
import { openWasmPhp } from '../../src/workshop/oracle/wasm.ts';

const CLASSES = `
error_reporting(E_ALL & ~E_DEPRECATED);
/** Serializes within serialize(). */
class One implements Serializable {
  public function __construct(public $data = null) {}
  public function serialize() { return serialize($this->data); }
  public function unserialize($text) { $this->data = unserialize($text); }
}
/** Puts the text of another serialize() into its own, as Symfony's tokens did up to 4.2. */
class Token implements Serializable {
  public function __construct(public $user = null, public $parent = null) {}
  public function serialize() { return serialize([$this->user, serialize($this->parent)]); }
  public function unserialize($text) {
    [$this->user, $parent] = unserialize($text);
    $this->parent = unserialize($parent);
  }
}
/** Needs no unserialize(). */
class Json implements Serializable {
  public function __construct(public $data = null) {}
  public function serialize() { return json_encode($this->data); }
  public function unserialize($text) { $this->data = json_decode($text); }
}
/** Hides its values from everyone else. */
class Packed extends One {
  public function serialize() { return gzcompress(serialize($this->data)); }
  public function unserialize($text) { $this->data = unserialize(gzuncompress($text)); }
}
class Cart extends ArrayObject {}
function named($name) { return (object) ['name' => $name]; }
`;

const php = await openWasmPhp();
after(() => php.close());

/** Returns the bytes that PHP writes for an expression. */
async function written(expression: string): Promise<Buffer> {
  return await php.run(`<?php ${CLASSES} echo serialize(${expression});`);
}

/** Reads our bytes in PHP as `$read`. */
async function inPhp(bytes: Buffer, expression: string): Promise<string> {
  const read = `unserialize(base64_decode('${bytes.toString('base64')}'))`;
  return (
    await php.run(`<?php ${CLASSES} $read = ${read}; echo json_encode(${expression});`)
  ).toString();
}

function payload(className: string, content: string): string {
  return `C:${className.length}:"${className}":${content.length}:{${content}}`;
}

/** The collections of PHP before 7.4, each with how many values it reads. */
const COLLECTIONS: readonly (readonly [className: string, content: string, count: number])[] = [
  ['ArrayObject', 'x:i:0;a:2:{i:0;i:5;i:1;i:6;};m:a:0:{}', 5],
  ['ArrayObject', 'x:i:0;O:8:"stdClass":1:{s:1:"q";i:1;};m:a:1:{s:1:"p";N;}', 5],
  ['ArrayObject', 'x:i:16777216;m:a:0:{}', 2],
  ['ArrayIterator', 'x:i:0;a:1:{i:0;O:8:"stdClass":0:{}};m:a:0:{}', 4],
  ['Cart', 'x:i:0;a:0:{};m:a:0:{}', 3],
  ['SplObjectStorage', 'x:i:1;O:8:"stdClass":0:{},a:1:{i:0;i:9;};m:a:0:{}', 5],
  ['SplObjectStorage', 'x:i:2;O:8:"stdClass":0:{},N;;r:4;,N;;m:a:0:{}', 6],
  ['SplObjectStorage', 'x:i:0;m:a:0:{}', 2],
  ['SplDoublyLinkedList', 'i:0;:i:1;:s:1:"x";', 3],
  ['SplStack', 'i:6;', 1],
  ['One', payload('ArrayObject', 'x:i:0;a:0:{};m:a:0:{}'), 4],
];

test('resolves references behind collections of PHP before 7.4', async () => {
  for (const [className, content, count] of COLLECTIONS) {
    const number = count + 3;
    const start = `a:3:{i:0;${payload(className, content)}i:1;O:8:"stdClass":0:{}i:2;`;
    const bytes = Buffer.from(`${start}r:${number};}`);
    assert.equal(await inPhp(bytes, '$read[1] === $read[2]'), 'true', content);
    const [, object, again] = unserialize<PhpValue[]>(bytes);
    assert.ok(object instanceof PhpObject && object === again, content);
    assert.deepEqual(serialize(unserialize(bytes)), bytes);
  }
});

test('numbers objects of ours behind such collections so that PHP reads the same objects', async () => {
  for (const [className, content] of COLLECTIONS) {
    const list = unserialize<PhpValue[]>(`a:1:{i:0;${payload(className, content)}}`);
    const object = new PhpObject('stdClass', { name: 'ours' });
    const bytes = serialize([...list, object, 'between', object]);
    assert.equal(await inPhp(bytes, '$read[1] === $read[3]'), 'true', content);
  }
});

test('reads a session whose reference points into a payload, and writes it again', () => {
  const bytes = 'auth|C:12:"Acme\\Storage":31:{O:8:"stdClass":1:{s:1:"v";i:1;}}user|r:2;';
  const { variables, error } = decodeSession('php', bytes);
  assert.equal(error, undefined);
  assert.equal(String(encodeSession('php', variables).bytes), bytes);
});

test('keeps a place in a payload, also where its number has changed', async () => {
  for (const [expression, check] of [
    ['[$one = new One(named("in")), $one->data]', '$read[1]->data === $read[2]'],
    ['[$one = new One([1, named("in")]), $one->data[1]]', '$read[1]->data[1] === $read[2]'],
  ] as const) {
    const php = await written(`(function () { return ${expression}; })()`);
    const list = unserialize<PhpValue[]>(php);
    assert.ok(list[1] instanceof PhpPart && list[1].owner === list[0]);
    assert.deepEqual(serialize(list), php);
    list.unshift([1, 2, 3]);
    assert.equal(await inPhp(serialize(list), check), 'true', expression);
  }
  const shared = 'a:2:{i:0;C:3:"One":18:{a:1:{i:0;s:1:"q";}}i:1;R:4;}';
  const list = unserialize<PhpValue[]>(shared);
  assert.equal(serialize(list).toString(), shared);
  list.unshift([1, 2, 3]);
  const changed = `(function () use ($read) { $read[2] = 'new'; return $read[1]->data[0]; })()`;
  assert.equal(await inPhp(serialize(list), changed), '"new"');
  assert.throws(() => serialize(list.slice(2)), /\$value\[0\]: a value inside the payload of One/);
});

test('renumbers the references of a payload to values outside', async () => {
  const bytes = await written(
    '(function () { $x = named("x"); return [$x, new One([$x, $x])]; })()',
  );
  const list = unserialize<[PhpObject, PhpSerializable]>(bytes);
  list[0].set('more', ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
  const longer = [['before'], ...list];
  const check = '[$read[2]->data[0] === $read[1], $read[2]->data[1] === $read[1]]';
  assert.equal(await inPhp(serialize(longer), check), '[true,true]');
  assert.throws(
    () => serialize(list.slice(1)),
    /its payload refers to value 2, which is no longer written before it/,
  );
});

test('refuses to write a payload that means an array by r:, as its class in PHP refuses to read it', async () => {
  const bytes = Buffer.from('a:2:{i:0;a:1:{i:0;i:5;}i:1;C:3:"One":4:{r:2;}}');
  assert.match(
    await inPhp(bytes, '[$read[1]->data]'),
    /Error at offset 4 of 4 bytes[\s\S]*\[false\]$/,
  );
  const list = unserialize<PhpValue[]>(bytes);
  assert.throws(() => serialize(list), /its payload refers to value 2, which is neither an object/);
});

test('resolves references behind a serialize() within serialize() where they show the count', async () => {
  const expression = '[named("a"), new Token(named("u"), [named("p")]), $z = named("z"), $z]';
  const bytes = await written(`(function () { return ${expression}; })()`);
  const list = unserialize<PhpValue[]>(bytes);
  assert.ok(list[2] instanceof PhpObject && list[2] === list[3]);
  assert.deepEqual(serialize(list), bytes);
  list.unshift('first');
  list.push(list[3] as PhpValue);
  const check = '[$read[3] === $read[4], $read[4] === $read[5]]';
  assert.equal(await inPhp(serialize(list), check), '[true,true]');
});

test('refuses a second place behind a payload that only its class can count', () => {
  const token = payload('Token', 'a:2:{i:0;N;i:1;s:14:"a:1:{i:0;i:5;}";}');
  for (const uncountable of [
    token,
    payload('Packed', '\0\x01\x02'),
    payload('Any', 'YToxOntpOjA7Tjt9'),
  ]) {
    const [owner] = unserialize<PhpValue[]>(Buffer.from(`a:1:{i:0;${uncountable}}`));
    const object = new PhpObject('stdClass');
    assert.throws(
      () => serialize([owner as PhpValue, object, object]),
      /^UnserializableError: \$value\[2\]: its second place cannot be numbered/,
    );
    assert.match(
      serialize([object, object, owner as PhpValue]).toString(),
      /^a:3:\{i:0;O.*i:1;r:2;/,
    );
  }
});

test('keeps a reference behind an uncountable payload as it came, and never takes it for an object', async () => {
  const expression = '[new Packed([named("in")]), "x", $z = named("z"), $z]';
  const bytes = await written(`(function () { return ${expression}; })()`);
  const list = unserialize<PhpValue[]>(bytes);
  assert.ok(list[3] instanceof PhpPart);
  assert.deepEqual(serialize(list), bytes);
  list[1] = 'changed';
  assert.equal(await inPhp(serialize(list), '$read[2] === $read[3]'), 'true');
  list.unshift('first');
  assert.equal(await inPhp(serialize(list), '$read[3] === $read[4]'), 'true');
  list.splice(2, 0, 'moved');
  assert.throws(() => serialize(list), /\$value\[5\]: a reference behind the payload of Packed/);
});

test('counts no values in a payload of JSON', async () => {
  const bytes = await written(
    '(function () { return [new Json([1, "a"]), $x = named("x"), $x]; })()',
  );
  const list = unserialize<PhpValue[]>(bytes);
  assert.equal(list[1], list[2]);
  const object = new PhpObject('stdClass');
  assert.equal(await inPhp(serialize([...list, object, object]), '$read[3] === $read[4]'), 'true');
});

test('reads and writes a payload of more values than the stack has room for arguments', () => {
  const values = serialize(Array.from({ length: 130_000 }, () => 0)).toString();
  for (const inner of [payload('Inner', values), serialize([values]).toString()]) {
    const outer = payload('Outer', inner);
    assert.equal(serialize(unserialize<PhpValue>(outer)).toString(), outer);
  }
});

test('takes time in proportion to the references behind an uncountable payload', () => {
  const count = 6_000;
  const objects = Array.from({ length: count }, (_, at) => `i:${at + 1};O:1:"A":0:{}`);
  const places = Array.from({ length: count }, (_, at) => `i:${at + 1 + count};r:${at + 3};`);
  const elements = [`i:0;${payload('Packed', '\0')}`, ...objects, ...places];
  const bytes = Buffer.from(`a:${elements.length}:{${elements.join('')}}`);
  const { user } = process.cpuUsage();
  assert.deepEqual(serialize(unserialize<PhpValue>(bytes)), bytes);
  const seconds = (process.cpuUsage().user - user) / 1e6;
  assert.ok(seconds < 4, `${seconds} s for ${count} references`);
});

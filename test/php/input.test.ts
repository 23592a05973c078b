import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inputOf } from '../../src/php/host.ts';
import { openWasmPhp, type WasmPhp } from '../../src/workshop/oracle/wasm.ts';

let php: WasmPhp;
before(async () => {
  // PHP warns of more than max_input_vars variables in its output.
  php = await openWasmPhp({ settings: { display_errors: '0', display_startup_errors: '0' } });
});
after(() => php.close());

type Value = string | false | null;

/** PHP's answer for each name: the value in hex, false for an array, null where it is not set. */
async function inPhp(
  kind: 'cookie' | 'query' | 'form',
  text: string,
  names: readonly string[],
): Promise<Value[]> {
  const array = { cookie: '$_COOKIE', query: '$_GET', form: '$_POST' }[kind];
  const code = `<?php echo json_encode(array_map(
    fn ($name) => isset(${array}[$name])
      ? (is_array(${array}[$name]) ? false : bin2hex(${array}[$name])) : null,
    json_decode(${JSON.stringify(JSON.stringify(names)).replaceAll('$', '\\$')})));`;
  const request = kind === 'cookie' ? { headers: { cookie: text } } : { [kind]: text };
  return JSON.parse((await php.run(code, request)).toString());
}

const hex = (value: string | false | undefined): Value =>
  typeof value === 'string' ? Buffer.from(value).toString('hex') : (value ?? null);

const NAMES = ['a', '_a', 'a_', 'a_b', 'a__b', 'a_b_c', '\ta', '__Host-a', '__Host_a', '__Host-'];

test('cookies are found by the names that PHP gives them', async () => {
  const headers = [
    '\ta=1',
    '\x0ba=1',
    '\fa=1',
    ' \t a=1',
    'a =1',
    'a\t=1',
    'a= 1',
    'a=\t1',
    'a=1 ',
    'a=1\t; b=2',
    '; ;a=1',
    'a',
    'a;a_b=1',
    'a=',
    'a.b=1',
    'a b=1',
    '.a=1',
    '[a=1',
    'a[=1',
    'a[b=1',
    'a[b[c=1',
    'a[[b=1',
    'a[]=1',
    'a[x]=1',
    'a[x]y=1',
    '[a]=1',
    '%61=1',
    'a=%41%2b+%zz',
    'a=1=2',
    'a=1;a=2',
    'a[x]=1;a=2',
    'a=2;a[x]=1',
    '..Host-a=1',
    '__Host-a=1',
    '_.Host-a=1',
    '__Host.a=1',
    '__Host-[x]=1',
    `${'v=1;'.repeat(999)};;=1;a=1`,
    `${'v=1;'.repeat(1000)}a=1`,
  ];
  for (const cookie of headers) {
    const input = inputOf({ cookie });
    const ours = NAMES.map((name) => hex(input.cookie(name)));
    assert.deepEqual(ours, await inPhp('cookie', cookie, NAMES), JSON.stringify(cookie));
  }
});

test('a byte that is not a blank in C belongs to the cookie’s name', () => {
  for (const blank of ['\xa0', '\x85', '\xa0 ', ' \xa0']) {
    const input = inputOf({ cookie: `${blank}__Host-S=mallory; __Host-S=ann` });
    assert.equal(input.cookie('__Host-S'), 'ann', JSON.stringify(blank));
  }
});

test('variables of a query and of a form are found by the names that PHP gives them', async () => {
  const queries = [
    'a%00x=1',
    'a%00=1',
    '%00a=1',
    'a.b=1',
    'a%20b=1',
    '+a=1',
    '%09a=1',
    'a+=1',
    'a%5Bx%5D=1',
    'a%5B=1',
    'a[b[c=1',
    'a.[b=1',
    'a=%00b',
    'a&a=2',
    'a=1&a%00z=3',
    'a[x]=1&a=2',
    'a=2&a[x]=1',
    '=1',
    'a%00[x]=1',
    'a[x%00]=1',
    '_.Host-a=1',
    '__Host-%00x=1',
    '.a=1',
    '&&a=1',
    'a=%E9%C3%A9',
    `${'v=1&'.repeat(998)}&&=1&a=1`,
    `${'v=1&'.repeat(999)}&&=1&a=1`,
  ];
  for (const query of queries) {
    const input = inputOf({
      url: `/page?${query}`,
      form: () => Object.fromEntries(new URLSearchParams(query.replaceAll('[', '%5B'))),
    });
    const wanted = await inPhp('query', query, NAMES);
    const value = (text: string | false | undefined): Value =>
      typeof text === 'string' ? Buffer.from(bytes(text)).toString('hex') : (text ?? null);
    assert.deepEqual(
      NAMES.map((name) => value(input.query(name))),
      wanted,
      query,
    );
    // A body parser decodes UTF-8 and keeps the order of names that were sent once.
    if (/%E9|v=1|a=1&a|a&a|\[x\]=1&|&a\[x\]/.test(query)) continue;
    assert.deepEqual(
      NAMES.map((name) => hex(input.form(name))),
      await inPhp('form', query, NAMES),
      `form ${query}`,
    );
  }
});

/** An invalid byte comes as a lone surrogate U+DC80–U+DCFF. */
function bytes(text: string): number[] {
  return [...text].flatMap((character) => {
    const code = character.codePointAt(0) as number;
    return code >= 0xdc80 && code <= 0xdcff ? [code - 0xdc00] : [...Buffer.from(character)];
  });
}

test('a field that a body parser made an object of is an array', () => {
  const input = inputOf({ form: () => ({ 'a.b': '1', list: ['1'], tree: { x: '1' }, n: 1 }) });
  assert.equal(input.form('a_b'), '1');
  assert.equal(input.form('list'), false);
  assert.equal(input.form('tree'), false);
  assert.equal(input.form('n'), false);
  assert.equal(input.form('none'), undefined);
  assert.equal(inputOf({ form: () => undefined }).form('a'), undefined);
  assert.equal(inputOf({}).form('a'), undefined);
});

/** Rows that a crawler meets, by the rule of lesson 22: each list says what they count as. */

/** A text's characters are bytes. */
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

const levels = (open: string, close: string, count: number): string =>
  `${open.repeat(count)}${close.repeat(count)}`;
const phpLevels = (count: number): string =>
  `x|${levels('a:1:{i:0;', '}', count - 1).replace('}', 'a:0:{}}')}`;
const jsonLevels = (count: number): string => `{"v":2,"data":${levels('[', ']', count - 1)}}`;
const data = (text: string): string => `{"v":2,"data":${text}}`;
const mebibyte = 1_048_576;
const many = (length: number, each: (index: number) => string, between = ''): string =>
  Array.from({ length }, (_, index) => each(index)).join(between);

/** Names that PHP's hash table keeps in one chain: it reads them in seconds where it keeps each. */
const colliding = Array.from({ length: 60_000 }, (_, index) => String(index * 2 ** 17));

/** Well-formed sessions in PHP's format. */
export const php: Buffer[] = [
  ...['count|i:1;', 'user|s:3:"Ann";', 'count|i:1;user|s:3:"Ann";', 'count|i:1;count|i:2;'],
  ...['cart|a:1:{i:0;s:2:"x|";}', 'name|s:8:"Ann|e;\xc3\xa9";', 'name|s:12:"x|i:1;user|s";'],
  ...['a|N;b|b:1;c|b:0;d|d:0.5;e|d:1.0E+25;f|d:INF;g|d:-INF;h|d:NAN;i|i:-5;', 'x|d:1;', 'x|d:-0;'],
  ...['o|O:3:"Foo":1:{s:1:"a";i:1;}', 'o|C:3:"Foo":5:{a}b}c}', 'e|E:11:"Suit:Hearts";'],
  ...['r|a:2:{i:0;R:1;s:1:"k";r:2;}', '|i:1;', 'x|s:0:"";', 'x|a:0:{}', '!x|i:1;', '{a|i:1;'],
  ...['x|s:2:"\xff\xfe";', '\xff\xfe|i:1;', 'x|s:3:"a\0b";', 'x\0y|i:1;', '{"v"|i:1;'],
  ...['x|i:99999999999999999999999;', 'x|s:0000001:"a";', `x|i:${'9'.repeat(1_000_000)};`],
  ...[phpLevels(512), many(60_000, (index) => `k${index}|i:${index};`)],
  colliding.map((name) => `${name}|N;`).join(''),
  `x|s:${mebibyte - 15}:"${'y'.repeat(mebibyte - 15)}";`,
].map(bytes);

/** Well-formed envelopes. */
export const json: Buffer[] = [
  ...[data('{}'), data('[]'), data('{"count":3}'), data('{"count":3,"user":"Zo\xc3\xab"}')],
  ...[
    '{"v": 2, "data": {"count": 1}}\n',
    '{"v":2 ,\t"data" :\r\n{ "user" : "x" , "y":[ 1 , 2 ] } } ',
  ],
  ...['{"v":2.0,"data":{}}', '{"v":2e0,"data":{}}', '{"v":0.2E+1,"data":{"user":1}}'],
  ...['{"v":2,"v":2,"data":{}}', '{"v":3,"data":[],"v":2,"data":{"user":1}}'],
  ...[data('{"user":1,"user":2}'), data('{"us\\u0065r":1}'), data('{"x\\\\u0065":"\\\\"}')],
  ...['{"v":2,"php":"YTowOnt9"}', data('{"$php":"array","entries":[["user",1]]}'), data('[1,2]')],
  ...[
    data('{"":1}'),
    data('{"count":1,"count":2}'),
    data('{"\\u0075ser":1}'),
    data('{"\xc3\xa9":1}'),
  ],
  ...[data('{"x":"\\ud800"}'), data('{"x":"\\u0000 \\n\\/"}'), data('{"x":"\xf0\x9f\x98\x80"}')],
  ...[data('{"x":1e999,"y":-0.0,"z":12345678901234567890,"t":true,"f":false,"n":null}')],
  ...[
    data('{"__proto__":1,"constructor":2}'),
    data('{"a":{"b":[{"c":{}}]}}'),
    data('{"user":"count|i:1;"}'),
  ],
  ...[
    jsonLevels(512),
    data(`{"x":"${'y'.repeat(mebibyte - 24)}"}`),
    data(`${' '.repeat(mebibyte - 17)}{}`),
  ],
  ...[data(`{"x":"${'\\n'.repeat(524_000)}"}`), data(`{"x":${'9'.repeat(1_000_000)}}`)],
  data(`{${many(60_000, (index) => `"k${index}":${index}`, ',')}}`),
  data(`{${colliding.map((name) => `"${name}":1`).join()}}`),
  data('{":x":1,"a":":b","user" :{"c\\"":":d"},"e":[":f"]}'),
  data(`[${'1,'.repeat(524_000)}1]`),
  data(`[${'[1],'.repeat(262_000)}1]`),
].map(bytes);

/** Bytes that are no session, or one that is cut, too deep or too large. */
export const malformed: Buffer[] = [
  ...[
    'count',
    'count|',
    'count|i:1',
    'count|i:1;user|s:3:"An',
    'x|i:1;junk',
    'x|i:1;\0',
    'x|i:1; ',
  ],
  ...['x|s:999999999:"a";', 'x|s:9999999:"a";', 'x|s:2:"abc";', 'x|s:-1:"";', 'x|s:00000001:"a";'],
  ...['x|a:2:{i:0;i:1;}', 'x|a:999999999:{}', 'x|a:9999999:{i:0;i:1;}', 'x|a:1:{N;i:1;}'],
  ...['x|a:1:{E:1:"a";i:1;}', 'x|i:;', 'x|i:+5;', 'x|i:1.5;', 'x|b:2;', 'x|d:.5;', 'x|d:1.;'],
  ...['x|d:1e;', 'x|d:01;', 'x|d:;', 'x|d:INF', 'x|d:-NAN;', 'x|d:--INF;', 'x|N', 'x|n;', 'x|R:;'],
  ...['x|r:-1;', 'x|O:3:"Foo":1:{i:0;}', 'x|O:99:"Foo":0:{}', 'x|O:3:"Foo":9999999:{}'],
  ...[
    'x|C:3:"Foo":9:{a}',
    'x|E:5:"S";',
    'x|',
    '|',
    '||',
    '\0',
    '\0|',
    '\xff',
    ' ',
    'null',
    '{}',
    '[]',
  ],
  ...[
    'a:1:{s:1:"x";i:1;}',
    '\x05countN;',
    '{"count":1}',
    '{"v"',
    'x|i:\xd9\xa1;',
    '|'.repeat(100_000),
  ],
  ...many(15, (end) => 'x|s:1:"a"'.slice(0, end + 1), '\n')
    .split('\n')
    .slice(0, 9),
  ...many(17, (end) => 'x|O:3:"Foo":0:{'.slice(0, end + 2), '\n')
    .split('\n')
    .slice(0, 14),
  ...['{"v":', '{"v":2', '{"v":2}', '{"v":2,"data":{}', `${data('{}')}x`, `${data('{}')}\0`],
  ...['{"v":1,"data":{}}', '{"v":3,"data":{}}', '{"v":2.5,"data":{}}', '{"v":1e999,"data":{}}'],
  ...['{"v":"2","data":{}}', '{"v":02,"data":{}}', '{"v":-2,"data":{}}', '{"v":{"v":2},"data":{}}'],
  ...['{"v":,"data":{}}', '{"v":2,"data":}', data('1'), data('"x"'), data('null'), '{"v":2,"v":2}'],
  ...['{"v":2,"d\\u0061ta":{}}', '{"v":2,"v":3,"data":{}}', '{"v":2,"data":{},"php":""}'],
  ...['{"v":2,"data":{},"data":1}', `{"v":2,"data":[${levels('[', ']', 512)}],"data":{}}`],
  ...['{"v":"\\u0032","data":{}}', data('{"\\u006":1}'), data('{\\u0061:1}'), data('\\\\')],
  ...['{"v":2,"data":{},"x":1}', '{"v":2,"php":{}}', '{"v":2,"php":1}', '{"v":2,"x":{}}'],
  ...[
    '01',
    '1.',
    '.5',
    '+1',
    '1e',
    '-',
    '0x1',
    'NaN',
    'Infinity',
    'tru',
    'truely',
    '/*c*/1',
    '',
  ].map((value) => data(`{"x":${value}}`)),
  ...[
    '\t',
    '\0',
    '\\x',
    '\\u12',
    '\\u12g4',
    '\xff',
    '\xed\xa0\x80',
    '\xc0\x80',
    '\xf4\x90\x80\x80',
  ].map((text) => data(`{"x":"${text}"}`)),
  ...['\\', '\\"', '\\u', '\xe2\x82'].map((end) => `{"v":2,"data":{"x":"${end}`),
  ...['{"x":1,}', '{,}', '{"x"}', '{x:1}', "{'x':1}", '[1,]', '[1 2]', '[', '{]'].map(data),
  ...[`${data('{}')}\xc2\xa0`, `${data('{}')}\v`, `\xef\xbb\xbf${data('{}')}`, ` ${data('{}')}`],
  ...[phpLevels(513), phpLevels(1000), `x|${'a:1:{i:0;'.repeat(100_000)}`, jsonLevels(513)],
  ...[
    jsonLevels(1000),
    `{"v":2,"data":${'['.repeat(1_000_000)}`,
    `{"v":2,"data":"${'\\"'.repeat(500_000)}`,
  ],
  ...[
    '\0'.repeat(1_000_000),
    '\xff'.repeat(1_000_000),
    `x|s:${mebibyte - 14}:"${'y'.repeat(mebibyte - 14)}";`,
  ],
].map(bytes);

/** Valid sessions for {@link damage} to begin with. */
const small: Buffer[] = [...php, ...json].filter(({ length }) => length < 200 && length > 8);

/**
 * Makes rows out of valid ones by a byte that is changed, taken away, added or repeated.
 *
 * @param random - Gives numbers from 0 on and below 1.
 */
export function damage(random: () => number, count: number): Buffer[] {
  const below = (limit: number): number => Math.floor(random() * limit);
  const likely = bytes('{}[]:;,"|0123456789aOsidbNE\\ \0\xff\xc3$');
  return Array.from({ length: count }, () => {
    let row = small[below(small.length)] ?? bytes('');
    for (let left = below(2); left >= 0; left -= 1) {
      const [at, byte] = [below(row.length), likely[below(likely.length)] ?? 0];
      const length = below(3);
      row = Buffer.concat([
        row.subarray(0, at),
        random() < 0.7 ? Buffer.from([byte]) : row.subarray(at, at + 2 * length),
        row.subarray(at + length),
      ]);
    }
    return row;
  });
}

/** The words that the generator chooses from: ordinary ones, and what a stranger would try. */
import type { Answer, CallbackName, Form, Special, Value } from './steps.ts';

const bytes = (hex: string): Special => ({ $: 'bytes', hex });
const float = (text: string): Special => ({ $: 'float', text });

export const FORMS: readonly Form[] = [
  6,
  7,
  8,
  9,
  'nulls',
  'object',
  'unregistered',
  'id',
  'check',
  'touch',
  'full',
  'full',
  'interfaces',
  'bare',
  'parent',
  'parent-id',
];

export const CALLBACKS: readonly CallbackName[] = [
  'open',
  'close',
  'read',
  'write',
  'destroy',
  'gc',
  'create_sid',
  'validate_sid',
  'update_timestamp',
];

export const ANSWERS: readonly Answer[] = [
  true,
  false,
  null,
  0,
  -1,
  1,
  2,
  'text',
  '',
  [],
  [1],
  float('1.5'),
  { $: 'object', class: 'stdClass' },
  { $: 'function' },
  { throws: 'no' },
  { throws: 'no' },
];

type InTurn = Extract<Answer, { readonly inTurn: unknown }>['inTurn'][number];

export const ANSWERS_IN_TURN: readonly InTurn[] = [
  'own',
  false,
  null,
  'text',
  'a|i:1;',
  '',
  [],
  { throws: 'later' },
  { throws: 'later' },
];

export const RAW_NAMES = [
  'PHPSESSID',
  'PHPSESSID',
  'PHPSESSID',
  'PHPSESSID[]',
  'PHPSESSID[a][b]',
  'PHPSESSID[',
  'PHPSESSID]',
  ' PHPSESSID',
  'PHPSES%53ID',
  'PHPSESSID%5B%5D',
  'PHPSESSID%00',
  'OTHER',
  '',
] as const;

export const RAW_VALUES = [
  '',
  '=',
  '=known',
  '=known',
  '=chosen',
  '=a+b',
  '=a%20b',
  '=%00known',
  '=known%00',
  '=%ff',
  '=%C3%A4',
  '=kn%6Fwn',
  '==known',
  '="known"',
  '=known ',
  '=%3Ca',
] as const;

export const IDS: readonly string[] = [
  'known',
  'unknown',
  'abc',
  'chosen',
  'A-Z,09',
  'f'.repeat(32),
];

/** Names of cookies; the first is the session's until it is changed. */
export const NAMES: readonly string[] = [
  'PHPSESSID',
  'PHPSESSID',
  'PHPSESSID',
  'PHPSESSID',
  'OTHER',
];

export const HOSTILE_IDS: readonly (string | Special)[] = [
  '',
  '0',
  'a b',
  'a+b',
  "a'b",
  'a"b',
  'a\\b',
  '<a>',
  'a\tb',
  'a\0b',
  '\0',
  'ä',
  '名前',
  'a.b',
  '../x',
  'a/b',
  'a%41',
  'a;b',
  'a=b',
  bytes('ff41'),
  bytes('61c3'),
  // The file system of the WebAssembly build knows no longest name.
  'x'.repeat(200),
  'x'.repeat(257),
];

export const DATA: readonly (string | Special)[] = [
  '',
  'a|i:7;',
  'a|i:7;',
  'a|i:1;b|s:1:"x";',
  'broken',
  'a|i:1;b|x',
  '|i:1;',
  '5|i:1;a|b:1;',
  'a|d:1.50;',
  'a|O:8:"stdClass":1:{s:1:"p";i:1;}b|r:1;',
  'a|a:1:{i:0;i:1;}b|R:1;',
  'a|O:3:"Foo":0:{}',
  'a|N;a|i:2;',
  'a:1:{s:1:"a";i:1;}',
  'a:0:{}',
  'i:5;',
  's:1:"x";',
  '\x01ai:7;',
  '\x81a\x01bi:1;',
  '\x01a',
  bytes('617c733a323a2280ff223b'),
  'a|s:3:"a\0b";',
];

export const KEYS: readonly string[] = [
  'a',
  'b',
  'count',
  '5',
  '-3',
  '05',
  'c|d',
  '',
  '!',
  'ä',
  'k'.repeat(128),
];

export const VALUES: readonly Value[] = [
  1,
  0,
  true,
  null,
  'x',
  'ä',
  '',
  float('1.5'),
  float('1.0'),
  [],
  [1, 'two', null],
  bytes('80ff'),
  { $: 'object', class: 'stdClass' },
];

export const HEADERS = [
  'Set-Cookie: PHPSESSID=theirs',
  'Set-Cookie: other=1',
  'Set-Cookie: PHPSESSID2=x',
  'Cache-Control: max-age=1',
  'expires: 0',
  'X-Other: 1',
] as const;

export const REFERERS = ['http://good.test/', 'http://bad.test/', ''] as const;

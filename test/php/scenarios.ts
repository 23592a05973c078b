/** Request sequences that PHP 8.4 and the port must walk alike. */
import { settingScenarios } from './setting-scenarios.ts';
import type { Answer, Argument, Scenario } from './steps.ts';

import { call, close, count, destroy, id, ini, start, status, use, variables } from './words.ts';

const known = { cookie: 'known', store: { known: 'count|i:7;' } };

const FORMS = [6, 7, 8, 9, 'object', 'unregistered', 'id', 'full'] as const;
const ANSWERS: readonly Answer[] = [false, null, 0, -1, 1, 'text', [], { throws: 'no' }];
const CALLBACKS = ['open', 'close', 'read', 'write', 'destroy', 'gc'] as const;

/**
 * A close() that throws after the last line of the script: PHP 8.2's command line stops there, the
 * WebAssembly build goes on to say that the handler was called in a recursive manner.
 */
export function isBeyondWasm(callback: string, answer: Answer): boolean {
  return (
    callback === 'close' && typeof answer === 'object' && answer !== null && 'throws' in answer
  );
}

const lifecycles: Scenario[] = FORMS.flatMap((form): Scenario[] => [
  { name: `${form}: a new session`, steps: [use(form), start, count, id, close, id, status] },
  { name: `${form}: left to the request's end`, steps: [use(form), start, count, status] },
  { name: `${form}: untouched`, ...known, steps: [use(form), start, variables] },
  { name: `${form}: changed`, ...known, steps: [use(form), start, ['set', 'x', 'y'], close] },
  {
    name: `${form}: strict, unknown id`,
    cookie: 'unknown',
    steps: [ini('use_strict_mode', '1'), use(form), start, count, id],
  },
  {
    name: `${form}: strict, known id`,
    ...known,
    steps: [ini('use_strict_mode', '1'), use(form), start, count, id],
  },
  {
    name: `${form}: regenerate`,
    ...known,
    steps: [use(form), start, call('session_regenerate_id'), count, close],
  },
  {
    name: `${form}: regenerate, strict and deleting`,
    ...known,
    steps: [ini('use_strict_mode', '1'), use(form), start, call('session_regenerate_id', true), id],
  },
  {
    name: `${form}: destroy and start again`,
    ...known,
    steps: [use(form), start, destroy, id, variables, start, count, id],
  },
  { name: `${form}: lazy_write off`, ...known, steps: [ini('lazy_write', '0'), use(form), start] },
  {
    name: `${form}: create_id`,
    ...known,
    steps: [use(form), call('session_create_id', 'p-'), start, call('session_create_id', 'p-')],
  },
  {
    name: `${form}: gc`,
    ...known,
    steps: [use(form), call('session_gc'), start, call('session_gc')],
  },
  {
    name: `${form}: gc by chance`,
    ...known,
    steps: [ini('gc_probability', '1'), ini('gc_divisor', '1'), use(form), start],
  },
]);

const answers: Scenario[] = CALLBACKS.flatMap((callback) =>
  ANSWERS.flatMap((answer): Scenario[] => {
    const name = `${callback} answers ${JSON.stringify(answer)}`;
    const set = use('full', { [callback]: answer });
    const body = [start, variables, count, call('session_gc'), id];
    if (isBeyondWasm(callback, answer)) {
      return [{ name, ...known, steps: [set, ...body, close, status, id, start, close] }];
    }
    return [
      { name: `${name}, closed`, ...known, steps: [set, ...body, close, status, id, start] },
      { name: `${name}, at the end`, ...known, steps: [set, ...body] },
      { name: `${name}, callbacks`, ...known, steps: [use(6, { [callback]: answer }), ...body] },
      {
        name: `${name}, regenerate`,
        ...known,
        steps: [set, start, call('session_regenerate_id'), id, status],
      },
      {
        name: `${name}, regenerate and delete`,
        ...known,
        steps: [set, start, call('session_regenerate_id', true), id, status],
      },
      { name: `${name}, destroy`, ...known, steps: [set, start, destroy, id, status] },
      { name: `${name}, abort`, ...known, steps: [set, start, call('session_abort'), status] },
      {
        name: `${name}, reset`,
        ...known,
        steps: [set, start, count, call('session_reset'), variables, status],
      },
    ];
  }),
);

const optional: Scenario[] = ['create_sid', 'validate_sid', 'update_timestamp'].flatMap(
  (callback) =>
    [...ANSWERS, '', 'x'.repeat(300), 'a b', true].flatMap((answer): Scenario[] => {
      const name = `${callback} answers ${JSON.stringify(answer).slice(0, 20)}`;
      const set = use('full', { [callback]: answer });
      return [
        { name: `${name}, new`, steps: [set, start, count, id, close, status] },
        { name: `${name}, known`, ...known, steps: [set, start, id, close, status] },
        {
          name: `${name}, strict`,
          ...known,
          steps: [ini('use_strict_mode', '1'), set, start, id, status],
        },
        {
          name: `${name}, regenerate`,
          ...known,
          steps: [
            ini('use_strict_mode', '1'),
            set,
            start,
            call('session_regenerate_id'),
            id,
            status,
          ],
        },
        {
          name: `${name}, create_id`,
          ...known,
          steps: [set, start, call('session_create_id'), status],
        },
        { name: `${name}, at the end`, ...known, steps: [use(9, { [callback]: answer }), start] },
      ];
    }),
);

const ids: Scenario[] = [
  '',
  'a b',
  "a'b",
  'a"b',
  'a\\b',
  '<a>',
  'a\tb',
  'ä',
  'a.b',
  'a,b-c',
  'x'.repeat(256),
  'x'.repeat(257),
].flatMap((cookie): Scenario[] => {
  const name = `id ${JSON.stringify(cookie).slice(0, 12)}`;
  return [
    { name: `${name} and a user handler`, cookie, steps: [use('full'), start, count, id] },
    { name: `${name} set by hand`, steps: [use('full'), call('session_id', cookie), start, id] },
    {
      name: `${name} regenerated`,
      cookie,
      steps: [use(6), start, call('session_regenerate_id', true)],
    },
    ...(cookie.length < 200
      ? [{ name: `${name} and files`, cookie, steps: [start, count, id] }]
      : []),
  ];
});

const data: Scenario[] = ['php', 'php_binary', 'php_serialize'].flatMap((format) =>
  [
    '',
    'count|i:7;',
    'count',
    'count|i:7',
    'a|i:1;b|x',
    '!a|i:1;',
    '5|i:1;',
    'a|i:1;a|i:2;',
    '\x05counti:7;',
    'a:1:{s:1:"a";i:1;}',
    'i:5;',
    'N;',
    'a:0:{}rest',
    'b:0;',
  ].flatMap((text): Scenario[] => {
    const name = `${format} reads ${JSON.stringify(text)}`;
    const stored = { cookie: 'known', store: { known: text } };
    const set = ini('serialize_handler', format);
    return [
      { name, ...stored, steps: [set, use('full'), start, id, status, call('session_encode')] },
      {
        name: `${name}, changed`,
        ...stored,
        steps: [set, use('object'), start, ['set', '7', 'x'], ['set', 'k', [1, 'two']], close],
      },
      {
        name: `${name} by session_decode`,
        ...known,
        steps: [set, use('object'), start, call('session_decode', text), status],
      },
    ];
  }),
);

const encoding: Scenario[] = ['php', 'php_binary', 'php_serialize'].flatMap(
  (format): Scenario[] => {
    const set = [ini('serialize_handler', format), use('object'), start];
    const encode = call('session_encode');
    return [
      { name: `${format} encodes nothing`, steps: [encode, ...set, encode, close, encode] },
      {
        name: `${format} encodes a bar`,
        steps: [...set, ['set', 'a', 1], ['set', 'a|b', 2], encode],
      },
      {
        name: `${format} encodes integers`,
        steps: [
          ...set,
          ['set', 'b', 1],
          ['set', '5', 2],
          ['set', '-3', 2],
          ['set', '05', 2],
          encode,
        ],
      },
      {
        name: `${format} encodes a long key`,
        steps: [...set, ['set', 'k'.repeat(127), 1], ['set', 'k'.repeat(128), 2], encode],
      },
      {
        name: `${format} encodes values`,
        steps: [
          ...set,
          ['set', 'a', [true, false, null, -1, 'ä', []]],
          ['delete', 'a'],
          ['set', 'b', 'x'],
          encode,
        ],
      },
      { name: `${format} after destroy`, steps: [...set, count, destroy, encode] },
    ];
  },
);

const whileActive: Scenario[] = (
  [
    ['session_id', 'x'],
    ['session_name', 'x'],
    ['session_save_path', '/x'],
    ['session_cache_limiter', 'x'],
    ['session_cache_expire', 5],
    ['session_module_name', 'files'],
    ['session_module_name', 'user'],
    ['session_module_name', 'x'],
    ['session_unset'],
    ['session_commit'],
    ['session_abort'],
    ['session_reset'],
    ['session_regenerate_id'],
    ['session_gc'],
    ['session_decode', 'a|i:1;'],
    ['session_destroy'],
    ['session_write_close'],
    ['session_create_id', 'a b'],
    ['session_create_id', 'x'.repeat(257)],
    ['session_register_shutdown'],
    ['session_start'],
    ['session_status'],
    ['session_encode'],
  ] as [string, ...Argument[]][]
).flatMap(([name, ...values]): Scenario[] => {
  const it = call(name, ...values);
  const after = [status, id, call('session_name'), call('session_module_name'), variables];
  return [
    { name: `${name} before a session`, steps: [it, ...after] },
    { name: `${name} in a session`, ...known, steps: [use('full'), start, count, it, ...after] },
    { name: `${name} twice in a session`, ...known, steps: [use(6), start, it, it, ...after] },
    {
      name: `${name} after a session`,
      ...known,
      steps: [use('full'), start, count, close, it, ...after, start],
    },
    {
      name: `${name} with files`,
      files: { sess_known: 'count|i:7;' },
      cookie: 'known',
      steps: [start, count, it, ...after],
    },
  ];
});

const sources: Scenario[] = [
  { name: 'an id from the query', query: 'known' },
  { name: 'an id from the form', form: 'known' },
  { name: 'cookie before query', cookie: 'one', query: 'two' },
  { name: 'query before form', query: 'one', form: 'two' },
  { name: 'our referer', query: 'known', referer: 'http://good.example/' },
].flatMap((from): Scenario[] => [
  { ...from, name: `${from.name}, cookies only`, steps: [use(6), start, id, call('SID')] },
  {
    ...from,
    name: `${from.name}, allowed`,
    steps: [ini('use_only_cookies', '0'), use(6), start, id, call('SID'), call('SID')],
  },
  {
    ...from,
    name: `${from.name}, checked`,
    steps: [
      ini('use_only_cookies', '0'),
      ini('referer_check', 'good'),
      use(6),
      start,
      id,
      call('SID'),
    ],
  },
  {
    ...from,
    name: `${from.name}, no cookies`,
    steps: [
      ini('use_only_cookies', '0'),
      ini('use_cookies', '0'),
      use(6),
      start,
      id,
      call('SID'),
      call('session_regenerate_id'),
      call('SID'),
    ],
  },
]);

const files: Scenario[] = [
  { name: 'files: new', steps: [start, count] },
  {
    name: 'files: shorter',
    cookie: 'abc',
    files: { sess_abc: 'count|s:9:"long text";' },
    steps: [start, variables, count],
  },
  {
    name: 'files: emptied',
    cookie: 'abc',
    files: { sess_abc: 'count|i:1;' },
    steps: [start, ['delete', 'count']],
  },
  { name: 'files: strict', cookie: 'abc', steps: [ini('use_strict_mode', '1'), start, count] },
  {
    name: 'files: regenerate',
    cookie: 'abc',
    files: { sess_abc: 'count|i:1;' },
    steps: [start, call('session_regenerate_id', true), count],
  },
  {
    name: 'files: no folder',
    cookie: 'abc',
    steps: [call('session_save_path', '/nowhere/x'), start, id, status],
  },
  {
    name: 'files: depth without folders',
    cookie: 'abc',
    steps: [call('session_save_path', '2;/nowhere'), start, id, status],
  },
  {
    name: 'files: depth too deep',
    cookie: 'abc',
    steps: [call('session_save_path', '5;/nowhere'), start, id, status],
  },
  {
    name: 'files: bad mode',
    cookie: 'abc',
    steps: [call('session_save_path', '0;77777;/nowhere'), start, id, status],
  },
  {
    name: 'files: gc with depth',
    cookie: 'abc',
    steps: [start, call('session_gc'), close, call('session_gc')],
  },
  { name: 'parent: new', steps: [use('parent'), start, count, call('session_gc'), close] },
  {
    name: 'parent: known',
    cookie: 'abc',
    files: { sess_abc: 'count|i:1;' },
    steps: [use('parent'), start, variables],
  },
  {
    name: 'parent: regenerate',
    cookie: 'abc',
    files: { sess_abc: 'count|i:1;' },
    steps: [use('parent'), start, call('session_regenerate_id', true), count],
  },
  {
    name: 'parent: destroy',
    cookie: 'abc',
    files: { sess_abc: 'count|i:1;' },
    steps: [use('parent'), start, destroy],
  },
  { name: 'parent: bad id', cookie: 'a.c', steps: [use('parent'), start, status] },
  {
    name: 'parent: strict',
    cookie: 'abc',
    steps: [ini('use_strict_mode', '1'), use('parent'), start, id],
  },
];

const ends: Scenario[] = [
  {
    name: 'a shutdown function sees the session',
    steps: [use('object'), start, ['later', status, count]],
  },
  {
    name: 'an unregistered handler is written last',
    steps: [use('unregistered'), start, ['later', status, count]],
  },
  { name: 'callbacks are written last', steps: [use(6), start, ['later', status, count]] },
  {
    name: 'a shutdown function closes',
    steps: [['later', close, status], use('object'), start, count],
  },
  { name: 'a shutdown function starts', steps: [use('object'), ['later', start, count]] },
  {
    name: 'shutdown registered by hand',
    steps: [use(6), call('session_register_shutdown'), start, ['later', status], count],
  },
  { name: 'a handler replaced', steps: [use('full'), use(6), start, close, use('object'), start] },
  {
    name: 'read_and_close',
    ...known,
    steps: [use('full'), call('session_start', { read_and_close: true }), variables, status, count],
  },
  {
    name: 'read_and_close as text',
    steps: [use(6), call('session_start', { read_and_close: '1' }), status],
  },
  {
    name: 'read_and_close as nonsense',
    steps: [use(6), call('session_start', { read_and_close: 'x' }), status],
  },
  { name: 'an option that is an array', steps: [call('session_start', { name: [] }), status] },
  { name: 'an option that is null', steps: [call('session_start', { name: null }), status] },
  { name: 'a numeric option', steps: [use(6), call('session_start', { '5': 'x' }), status] },
  { name: 'variables without a session', steps: [count, variables, use(6), start, variables] },
];

/** The table. */
export const scenarios: readonly Scenario[] = [
  ...lifecycles,
  ...answers,
  ...optional,
  ...ids,
  ...data,
  ...encoding,
  ...settingScenarios,
  ...whileActive,
  ...sources,
  ...files,
  ...ends,
];

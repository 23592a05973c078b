/** Sequences that differed once: what the generator found, in as few steps as it takes. */
import type { Scenario } from '../steps.ts';
import {
  call,
  close,
  count,
  destroy,
  id,
  ini,
  known,
  start,
  status,
  use,
  variables,
} from '../words.ts';

// The result of close() in session_module_name() is reported later than in PHP: the port cannot wait.
const abandoned: Scenario[] = [null, false, { throws: 'no' } as const].map((answer) => ({
  name: `a handler left open, closed by session_module_name(): ${JSON.stringify(answer)}`,
  ...known,
  steps: [
    use('full', { create_sid: answer }),
    start,
    call('session_regenerate_id'),
    status,
    call('session_module_name', 'files'),
    call('session_module_name'),
    start,
    id,
  ],
}));

/** Cookies of the page's own beside the session's, whose name is OTHER. */
const besides = ['other=1', 'OTHER=', 'OTHER=1', 'OTHER', 'OTHERS=1'].map((line): Scenario => {
  return {
    name: `a page’s own cookie ${line}`,
    steps: [['header', `Set-Cookie: ${line}`], call('session_name', 'OTHER'), use('full'), start],
  };
});

const moved: Scenario[] = [
  {
    name: 'SessionHandler::create_sid() after session_module_name() asks the callbacks before it',
    steps: [
      use('full'),
      call('session_module_name', 'files'),
      start,
      call('SessionHandler::create_sid'),
      call('SessionHandler::read', 'known'),
    ],
  },
  {
    name: 'a second handler while the first is still open',
    ...known,
    steps: [
      use('full', { create_sid: null }),
      start,
      call('session_regenerate_id'),
      use('object'),
      start,
      close,
    ],
  },
  {
    name: 'an id with a NUL and files',
    cookies: { PHPSESSID: 'a\0b' },
    steps: [start, id, count],
  },
  {
    name: 'a line that ends in blanks',
    steps: [ini('cookie_samesite', ' '), ini('cookie_domain', 'a\n'), use('full'), start],
  },
  {
    name: 'a line end at the end of a cookie',
    steps: [ini('cookie_samesite', 'Lax\r\n'), use('full'), start],
  },
  {
    name: 'a destroyed session whose child did not close its parent',
    steps: [use('parent', { close: true }), call('session_id', 'abc'), start, destroy, start, id],
    next: [[call('session_id', 'abc'), start, count]],
  },
  {
    name: 'settings with a NUL',
    steps: [
      ini('cookie_path', '/a\0b'),
      ini('cookie_domain', 'a\0b'),
      ini('cache_limiter', 'public\0x'),
      call('ini_get', 'session.cookie_path'),
      call('session_get_cookie_params'),
      call('session_cache_limiter'),
      start,
    ],
  },
  {
    name: "SessionHandler's methods outside a session",
    steps: [
      use('parent'),
      call('SessionHandler::open', '/x', 'y'),
      call('SessionHandler::read', 'x'),
      call('SessionHandler::close'),
      start,
      close,
      call('SessionHandler::create_sid'),
    ],
  },
  {
    name: "SessionHandler's methods, its parent not open",
    ...known,
    steps: [
      use(6),
      start,
      call('SessionHandler::read', 'x'),
      call('SessionHandler::write', 'x', 'y'),
      call('SessionHandler::close'),
      call('SessionHandler::gc', 5),
      call('SessionHandler::destroy', 'x'),
    ],
  },
  {
    name: 'a parent that cannot open',
    steps: [call('session_save_path', '3;77777;/x'), use('parent'), start, status],
  },
  {
    name: 'a session started when the script has ended has no Last-Modified',
    steps: [call('session_cache_limiter', 'private'), use(6), ['later', start]],
  },
  {
    name: 'read_and_close below zero',
    ...known,
    steps: [use('full'), call('session_start', { read_and_close: -1 }), status, variables],
  },
  {
    name: 'read_and_close as a number with letters',
    ...known,
    steps: [use('full'), call('session_start', { read_and_close: '1x' }), status],
  },
  {
    name: 'an integer key that decoding made a string',
    steps: [use('full'), start, call('session_decode', '5|i:1;a|b:1;'), variables],
  },
  {
    name: 'the script sets headers of the same names',
    steps: [
      ['header', 'Set-Cookie: other=1'],
      ['header', 'Set-Cookie: PHPSESSID=theirs', false],
      ['header', 'Expires: 0'],
      ['header', 'cache-control: max-age=1'],
      use('full'),
      start,
    ],
  },
  {
    name: 'close() changes the session at the very end',
    ...known,
    steps: [
      use(6, {
        close: { does: [['set', 'late', 1], variables, call('session_decode', 'x|i:1;')] },
      }),
      start,
      count,
    ],
  },
  {
    name: 'a callback calls its way back to the handler',
    ...known,
    steps: [
      use('full', { read: { does: [start, call('session_write_close'), start] } }),
      start,
      status,
    ],
  },
  {
    name: 'a file left open by an error does not lock the next request out',
    steps: [use('parent', { write: '' }), call('session_id', 'abc'), start, count],
    next: [[call('session_id', 'abc'), start, variables]],
  },
  {
    name: 'a quantity with bytes that cannot be printed',
    steps: [ini('gc_maxlifetime', 'a\0\x1bä\\'), ini('cache_expire', '5\t\x01')],
  },
  {
    name: 'the cookies of one request come back with the next',
    steps: [use('full'), start, count, close],
    next: [
      [use('full'), start, variables, call('session_regenerate_id', true), id],
      [use('full'), start, variables, destroy],
      [use('full'), ini('use_strict_mode', '1'), start, id],
    ],
  },
  {
    name: 'a program that ends in the middle',
    steps: [use('object'), start, count, ['later', status, id], ['exit'], destroy],
  },
  {
    name: 'a program that throws in the middle',
    steps: [use(6), start, count, ['later', status, id], ['throw', 'the end'], destroy],
  },
];

const throwing: readonly Omit<Scenario, 'name'>[] = [
  { steps: [use(6), call('session_module_name'), start, status] },
  { ...known, steps: [use('object', { read: false }), start, status, start] },
  { ...known, steps: [use('object', { write: false }), start, close, status] },
  { ...known, steps: [use('object', { open: -1 }), start, status, variables] },
  { ...known, steps: [use('full'), start, start, ini('name', 'x'), call('session_id', 'x')] },
  { ...known, steps: [use('full', { destroy: false }), start, destroy, status, id] },
  { ...known, steps: [use('full', { gc: null }), start, call('session_gc'), status] },
  { steps: [call('session_start', { nonsense: 1, cookie_path: '/x' }), status] },
  { steps: [use('object'), call('session_start', { sid_length: '21' }), status, close] },
  { steps: [call('session_set_cookie_params', { wrong: 1 }), call('session_create_id', 'a b')] },
  { steps: [call('session_set_cookie_params', { path: [], domain: 'x' }), start] },
  { ...known, store: { known: 'broken' }, steps: [use('object'), start, status, variables] },
  { ...known, steps: [use('object'), start, ['set', '5', 1], ['set', 'a', 1], close, status] },
  { ...known, steps: [use('object'), start, ['set', '5', 1], call('session_regenerate_id'), id] },
  { steps: [call('session_create_id', null), call('session_cache_expire', '1.5'), call('SID')] },
];

const strict = throwing.map((rest, at): Scenario => {
  return { ...rest, name: `errors are exceptions ${at}`, strictErrors: true };
});

const sent: Scenario[] = (
  [
    ['session_start'],
    ['session_id', 'x'],
    ['session_name', 'x'],
    ['session_save_path', 'x'],
    ['session_cache_limiter', 'x'],
    ['session_cache_expire', 5],
    ['session_module_name', 'files'],
    ['session_set_cookie_params', 5],
    ['session_regenerate_id'],
    ['ini_set', 'session.name', 'x'],
    ['ini_set', 'session.use_cookies', '0'],
    ['session_destroy'],
    ['session_write_close'],
    ['session_reset'],
  ] as const
).flatMap(([name, ...values]): Scenario[] => [
  {
    name: `${name} after the head has left`,
    steps: [use('full'), ['flush'], call(name, ...values), status],
  },
  {
    name: `${name} in a session after the head has left`,
    ...known,
    steps: [use('full'), start, ['flush'], call(name, ...values), status, count],
  },
  {
    name: `${name} without cookies after the head has left`,
    ...known,
    steps: [ini('use_cookies', '0'), use('full'), ['flush'], call(name, ...values), start, status],
  },
]);

const failing: Scenario[] = [
  {
    name: 'an id whose dangerous character is behind a NUL, and files',
    cookies: { PHPSESSID: 'visitor7\0<b' },
    files: { sess_visitor7: 'a|i:7;' },
    steps: [start, id, variables, count],
  },
  {
    name: 'an id whose dangerous character is behind a NUL',
    cookies: { PHPSESSID: 'visitor7\0<b' },
    steps: [use('full'), start, id, count],
  },
  {
    name: 'a session that is destroyed while it is read',
    ...known,
    steps: [
      use('full', { read: { does: [destroy], answer: 'user|s:3:"ann";5|i:1;' } }),
      start,
      status,
      variables,
      start,
      variables,
    ],
  },
  {
    name: 'data that is decoded while the session is opened',
    ...known,
    steps: [
      use('full', { open: { does: [call('session_decode', 'a|i:2;')], answer: false } }),
      count,
      start,
      variables,
    ],
  },
  {
    name: 'a sweep that fails',
    ...known,
    steps: [
      ini('gc_probability', '1'),
      ini('gc_divisor', '1'),
      use('full', { gc: { throws: 'killed' } }),
      start,
      status,
      id,
      count,
    ],
  },
  ...(['full', 'check'] as const).map((form) => ({
    name: `a check of an id that fails: ${form}`,
    ...known,
    steps: [
      ini('use_strict_mode', '1'),
      use(form, { validate_sid: { throws: 'busy' } }),
      start,
      status,
      id,
    ],
  })),
];

const METHODS = ['open', 'close', 'read', 'write', 'destroy', 'gc', 'create_sid'] as const;

/** A wrong call in JavaScript, which PHP refuses before it asks for a session. */
const wrongCalls: Scenario[] = METHODS.map((method): Scenario => {
  const name = `SessionHandler::${method}`;
  return {
    name: `${name}() with wrong arguments`,
    cookies: { PHPSESSID: 'known' },
    files: { sess_known: 'count|i:7;' },
    steps: [
      use('parent'),
      call(name),
      start,
      call(name, [], [], []),
      call(name, []),
      call(name, [], 'x'),
      call(name, null, null),
      call(name),
      status,
    ],
  };
});

/** The table's part about what was found. */
export const foundScenarios: readonly Scenario[] = [
  ...abandoned,
  ...moved,
  ...besides,
  ...strict,
  ...sent,
  ...failing,
  ...wrongCalls,
];

/** Sequences about settings: ini_set(), the cookie's attributes, the cache headers. */

import type { Argument, Scenario, Step } from '../steps.ts';
import { call, close, ini, start, status, use } from '../words.ts';

const settings: [string, string[]][] = [
  [
    'name',
    [
      '',
      '5',
      '1.5',
      '0x1',
      'a b',
      'a.b',
      'a=b',
      'a[b',
      'ok',
      'a;b',
      '-',
      ' 5',
      '1e5',
      'ä',
      '\0',
      'a\0',
    ],
  ],
  ['save_handler', ['files', 'FILES', 'user', 'none', '']],
  ['serialize_handler', ['php', 'PHP', 'php_binary', 'wddx', '']],
  ['gc_probability', ['0', '-1', 'x', '', '1K', '0x10', '5 apples', '07', '09', '1.5', '- 1']],
  ['gc_divisor', ['0', '-1', '1', 'x', '2M', '0b11', '0o17', '0z1', '0x']],
  ['gc_maxlifetime', ['0', '-1', 'x', '1g', ' 12 ', '12 k', '12kk']],
  ['cookie_lifetime', ['0', '-1', '60', 'x', '1k', '-x', '3.7']],
  ['cookie_secure', ['1', '0', 'on', 'off', 'yes', 'true', '2', 'x', '']],
  ['sid_length', ['32', '22', '21', '256', '257', '32x', ' 40', '', 'x']],
  ['sid_bits_per_character', ['4', '5', '6', '3', '7', '4.5', '']],
  ['use_only_cookies', ['0', '1', 'off']],
  ['use_trans_sid', ['1', '0']],
  ['trans_sid_tags', ['a=href', '']],
  ['trans_sid_hosts', ['x', '']],
  ['referer_check', ['x', '']],
  ['auto_start', ['1']],
  ['upload_progress.enabled', ['0']],
  ['cookie_partitioned', ['1']],
  ['nonsense', ['1']],
  ['cache_expire', ['0', '-5', 'x', '1.5']],
];
const get = (key: string): Step => call('ini_get', `session.${key}`);
const inis: Scenario[] = settings.flatMap(([key, values]) => [
  ...values.map(
    (value): Scenario => ({
      name: `ini_set ${key}=${JSON.stringify(value)}`,
      steps: [
        get(key),
        ini(key, value),
        get(key),
        call('session_get_cookie_params'),
        call('session_name'),
        call('session_cache_expire'),
      ],
    }),
  ),
  {
    name: `ini_set ${key} while active`,
    steps: [start, ini(key, '1'), get(key), close, ini(key, '1')],
  },
  {
    name: `session_start(${key})`,
    steps: [call('session_start', { [key]: values[0] ?? '' }), get(key), status],
  },
]);

const params: Scenario[] = [
  [60],
  [60, '/a'],
  [60, '/a', 'b.c', true, true],
  [-1, '/b'],
  [0, null, null, null, true],
  [{ lifetime: 5, path: '/x', samesite: 'Lax', secure: true, httponly: true, domain: 'd' }],
  [{ lifetime: 'x' }],
  [{ Lifetime: 7 }],
  [{ wrong: 1 }],
  [{ wrong: 1, path: '' }],
  [{}],
  [{ '5': 1 }],
  [{ partitioned: true }],
  [{ path: 'a\nb' }],
  [{ samesite: 'ä; x' }],
  [{ lifetime: -5, path: '/q' }],
  [{ secure: '0' }],
  [{ secure: 'no' }],
  [{ path: '/x' }, '/y'],
  [{ path: null }],
].flatMap((values): Scenario[] => {
  const set = call('session_set_cookie_params', ...(values as Argument[]));
  const name = `cookie params ${JSON.stringify(values)}`;
  const show = call('session_get_cookie_params');
  return [
    { name, steps: [set, show, use(6), start] },
    { name: `${name} while active`, steps: [use(6), start, set, show] },
    { name: `${name} without cookies`, steps: [ini('use_cookies', '0'), set, show] },
  ];
});

const limiters: Scenario[] = [
  'nocache',
  'private',
  'private_no_expire',
  'public',
  '',
  'none',
  'PUBLIC',
].flatMap((limiter): Scenario[] => [
  {
    name: `limiter ${limiter}`,
    steps: [call('session_cache_limiter', limiter), use(6), start, call('session_cache_limiter')],
  },
  {
    name: `limiter ${limiter} restarted`,
    steps: [
      use(6),
      start,
      close,
      call('session_cache_limiter', limiter),
      call('session_cache_expire', -10),
      start,
    ],
  },
]);

/** The table's part about settings. */
export const settingScenarios: readonly Scenario[] = [...inis, ...params, ...limiters];

/** Sequences from reports of frameworks and programs: what they pass, store and answer. */
import type { Argument, CallbackName, Scenario, Special, Step } from '../steps.ts';
import {
  call,
  close,
  count,
  destroy,
  id,
  ini,
  known as knownToStore,
  start,
  status,
  use,
  variables,
} from '../words.ts';

const known = { ...knownToStore, files: { sess_known: 'count|i:7;' } };
const full = use('full');
const regenerate = call('session_regenerate_id');
const regenerateAndDelete = call('session_regenerate_id', true);

const bytes = (text: string): Special => ({ $: 'bytes', hex: Buffer.from(text).toString('hex') });
const float = (text: string): Special => ({ $: 'float', text });

/** Arguments that PHP converts: bytes are a string, and every type has an empty value. */
const FLAGS: readonly Argument[] = [bytes('0'), bytes(''), bytes('00'), float('0'), [], {}, [0]];
const NUMBERS: readonly Argument[] = [bytes('9'), bytes(' 9 '), bytes('9x'), '.5', '5.', '-0'];

const converted: Scenario[] = [
  ...FLAGS.flatMap((flag): Scenario[] => [
    {
      name: `a cookie with secure=${JSON.stringify(flag)}`,
      steps: [
        call('session_set_cookie_params', { secure: flag, httponly: flag }),
        call('session_get_cookie_params'),
        full,
        start,
      ],
    },
    {
      name: `session_regenerate_id(${JSON.stringify(flag)})`,
      ...known,
      steps: [full, start, call('session_regenerate_id', flag)],
    },
    {
      name: `a list of cookie params with ${JSON.stringify(flag)}`,
      steps: [
        call('session_set_cookie_params', 0, '/', null, flag, flag),
        call('session_get_cookie_params'),
      ],
    },
  ]),
  ...NUMBERS.map((number): Scenario => {
    return {
      name: `session_cache_expire(${JSON.stringify(number)})`,
      steps: [call('session_cache_expire', number), call('session_cache_expire')],
    };
  }),
  ...['9223372036854775808', '0.5e1', '.9', '1e1', '0e5', ' 1', '1 '].map((value): Scenario => {
    return {
      name: `read_and_close=${value}`,
      ...known,
      steps: [full, call('session_start', { read_and_close: value }), status, variables],
    };
  }),
  ...[
    ['sid_length', '40\0x'],
    ['sid_length', '32\0'],
    ['sid_length', '40 '],
    ['sid_bits_per_character', '4\0x'],
    ['sid_bits_per_character', '+6'],
  ].map(([key = '', value = '']): Scenario => {
    const steps = [ini(key, value), call('ini_get', `session.${key}`)];
    return { name: `ini_set ${key} ${JSON.stringify(value)}`, steps };
  }),
];

/** nette/http#129, nextcloud/server#21468, symfony#15799, #35398, #35656, bug #70013. */
const regenerated: Scenario[] = (
  [
    [start, regenerateAndDelete, close, start, id, variables],
    [start, regenerateAndDelete, close, call('session_id', 'known'), start, id, variables],
    [start, regenerate, start, id],
    [regenerate, start, regenerateAndDelete, close, regenerate, status],
    [start, count, close, ini('cookie_lifetime', '3600'), start, regenerateAndDelete, id],
    [start, call('session_id', 'aaa'), ['set', 'test', 1]],
    [call('session_id', 'aaa'), start, ['set', 'test', 1], id],
    [start, ['refer', 'bag', 'count'], regenerate, ['set', 'bag', 42], close, start, variables],
    [start, regenerate, destroy, id, start, id],
    [start, destroy, regenerate, id, start],
  ] as readonly Step[][]
).flatMap((steps, at): Scenario[] =>
  (['full', 'parent-full'] as const).map((form) => {
    return {
      name: `${form}: a session that is regenerated ${at}`,
      ...known,
      steps: [ini('use_strict_mode', '1'), use(form), ...steps],
      next: [[use(form), start, variables, id]],
    };
  }),
);

const NO_BOOLEANS = [null, '', '1', 1, [], float('1'), { $: 'function' }] as const;
const CALLBACKS: readonly CallbackName[] = ['open', 'read', 'write', 'destroy', 'update_timestamp'];

/** vufind#559, wp-native-php-sessions#257, tcexam#295, cphalcon#11733, zend-session#44. */
const answered: Scenario[] = CALLBACKS.flatMap((callback) =>
  NO_BOOLEANS.map((answer): Scenario => {
    return {
      name: `interfaces: ${callback}() answers ${JSON.stringify(answer)}`,
      ...known,
      steps: [
        use('interfaces', { [callback]: answer }),
        start,
        regenerate,
        destroy,
        start,
        ['set', 'x', 1],
        close,
        start,
        close,
      ],
    };
  }),
);

/** phpMyAdmin's undefined values, ADOdb#537's URL-encoded data, SMF#4444, bug #73529. */
const STORED = [
  ...['errors|', ' PMA_token | HMAC_secret |errors|', 'a%7Ci%3A1%3B', 'a|i:1;\n', '\na|i:1;'],
  ...['!a|c|i:1;', '!a|', '_SESSION|i:5;a|i:6;', 'GLOBALS|i:1;', 'a|s:2:"é";', 'a|s:1:"é";'],
  ...['\x81ai:1;', '\x81a', 'a:1:{s:8:"_SESSION";i:1;}', 's:1:"a";', 'b:0;', ' ', 'N;'],
];
const stored: Scenario[] = STORED.flatMap((data) =>
  ['php', 'php_binary', 'php_serialize'].map((format): Scenario => {
    return {
      name: `${format} finds ${JSON.stringify(data)}`,
      cookies: known.cookies,
      store: { known: data },
      steps: [
        ini('serialize_handler', format),
        full,
        start,
        status,
        variables,
        call('session_encode'),
        ['set', 'n', 1],
        close,
        start,
        variables,
        call('session_decode', data),
        status,
      ],
    };
  }),
);

const read = call('session_start', { read_and_close: true });

/** ThemeFuse/Unyson#4051 and #4230: a session that is closed at once, and changed all the same. */
const closedAtOnce: Scenario[] = (
  [
    [read, ['set', 'after', 1], read, id, variables],
    [start, count, read, status],
    [read, regenerate, destroy, call('session_abort'), call('session_reset')],
    [read, call('session_unset'), call('session_encode'), start, variables],
    [ini('gc_probability', '1'), ini('gc_divisor', '1'), read, status],
  ] as readonly Step[][]
).map((steps, at) => ({ name: `read_and_close ${at}`, ...known, steps: [full, ...steps] }));

/** The table's part about reports from the field. */
export const fieldScenarios: readonly Scenario[] = [
  ...converted,
  ...regenerated,
  ...answered,
  ...stored,
  ...closedAtOnce,
];

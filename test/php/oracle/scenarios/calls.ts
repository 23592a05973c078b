/** Sequences that call each function before, in and after a session. */
import type { Argument, Scenario } from '../steps.ts';
import { call, close, count, id, known, start, status, use, variables } from '../words.ts';

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
      cookies: { PHPSESSID: 'known' },
      steps: [start, count, it, ...after],
    },
  ];
});

const NO_CALLBACKS: readonly Argument[] = [
  null,
  true,
  false,
  5,
  { $: 'float', text: '1.5' },
  { $: 'float', text: '123456789000' },
  { $: 'float', text: '1.23456789e-9' },
  '',
  'a',
  'a::b',
  '::b',
  'a::b::c',
  'a:::b',
  'a::b:c',
  'Self::b',
  'a\0b',
  'a\0c::b',
  { $: 'bytes', hex: 'ff' },
  [],
  [1],
  [1, 2],
  ['a', 'b'],
  ['parent', 'b'],
  ['a', 1],
  [{ $: 'object', class: 'stdClass' }, 1],
  [{ $: 'object', class: 'stdClass' }, 'b'],
  { a: 1 },
  { $: 'object', class: 'stdClass' },
];

const noCallbacks = NO_CALLBACKS.map(
  (value): Scenario => ({
    name: `no callback: ${JSON.stringify(value)}`,
    steps: [
      call('session_set_save_handler', value),
      call('session_set_save_handler', ...Array<Argument>(6).fill(value)),
      call('session_set_save_handler', ...Array<Argument>(6).fill({ $: 'function' }), value),
      call('session_module_name'),
    ],
  }),
);

const nul: Scenario = {
  name: 'a name that is empty in C',
  steps: [call('session_name', '\0'), call('session_name'), start, call('session_name')],
};

/** The table's part about calls. */
export const callScenarios: readonly Scenario[] = [...whileActive, ...noCallbacks, nul];

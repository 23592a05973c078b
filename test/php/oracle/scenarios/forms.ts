/** Sequences with each form of handler, and with references in `$_SESSION`. */
import type { Form, Scenario } from '../steps.ts';
import { call, close, count, destroy, id, ini, start, status, use, variables } from '../words.ts';

const FORMS: readonly Form[] = [
  'nulls but v',
  'nulls but u',
  'nulls but cu',
  'nulls but vu',
  'check',
  'touch',
  'id check',
  'id touch',
  'check touch',
  'wrapped',
  'wrapped-id',
  'parent-id',
  'parent-full',
];

const known = {
  cookies: { PHPSESSID: 'known' },
  store: { known: 'count|i:7;' },
  files: { sess_known: 'count|i:7;' },
};

const forms: Scenario[] = FORMS.flatMap((form): Scenario[] => [
  { name: `${form}: new`, steps: [use(form), start, count, call('session_create_id')] },
  { name: `${form}: unchanged`, ...known, steps: [use(form), start, id, variables] },
  {
    name: `${form}: strict`,
    cookies: { PHPSESSID: 'unknown' },
    steps: [ini('use_strict_mode', '1'), use(form), start, status, close, start],
  },
  {
    name: `${form}: regenerate, then destroy`,
    ...known,
    steps: [
      ini('use_strict_mode', '1'),
      use(form),
      start,
      call('session_regenerate_id'),
      call('session_reset'),
      variables,
      destroy,
      start,
    ],
  },
]);

const references: Scenario[] = ['php', 'php_binary', 'php_serialize'].flatMap(
  (format): Scenario[] => {
    const begin = [ini('serialize_handler', format), use('full'), start];
    return [
      {
        name: `${format}: a reference`,
        steps: [
          ...begin,
          count,
          ['refer', 'copy', 'count'],
          call('session_encode'),
          ['set', 'copy', [1, 'two']],
          ['delete', 'count'],
          call('session_encode'),
        ],
      },
      {
        name: `${format}: a reference to a variable that is not there`,
        steps: [...begin, ['refer', 'copy', 'missing'], ['refer', 'third', 'copy'], variables],
      },
      {
        name: `${format}: variables replaced`,
        steps: [
          ...begin,
          ['set', 'a', 1],
          ['refer', 'b', 'a'],
          ['replace', { b: [1, null], '-3': 'x', a: true }],
          ['set', 'a', 2],
          call('session_encode'),
          call('session_reset'),
          variables,
        ],
      },
    ];
  },
);

/** The table's part about forms of handlers and of variables. */
export const formScenarios: readonly Scenario[] = [...forms, ...references];

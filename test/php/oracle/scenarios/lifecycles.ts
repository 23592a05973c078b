/** Sequences from session_start() to the end, with every form of handler. */
import type { Form, Scenario } from '../steps.ts';
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

const FORMS: readonly Form[] = [6, 7, 8, 9, 'object', 'unregistered', 'id', 'full'];

const lifecycles: Scenario[] = FORMS.flatMap((form): Scenario[] => [
  { name: `${form}: a new session`, steps: [use(form), start, count, id, close, id, status] },
  { name: `${form}: left to the request's end`, steps: [use(form), start, count, status] },
  { name: `${form}: untouched`, ...known, steps: [use(form), start, variables] },
  { name: `${form}: changed`, ...known, steps: [use(form), start, ['set', 'x', 'y'], close] },
  {
    name: `${form}: strict, unknown id`,
    cookies: { PHPSESSID: 'unknown' },
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

/** The table's part about lifecycles. */
export const lifecycleScenarios: readonly Scenario[] = [...lifecycles, ...ends];

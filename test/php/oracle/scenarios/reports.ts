/** Sequences from public reports and from php-src's newer tests: handlers that undo the session. */
import type { CallbackName, Scenario, Step } from '../steps.ts';
import { call, close, count, destroy, id, ini, start, status, use, variables } from '../words.ts';

const known = {
  cookies: { PHPSESSID: 'known' },
  store: { known: 'count|i:7;' },
  files: { sess_known: 'count|i:7;' },
};
const regenerate = call('session_regenerate_id');
const reset = call('session_reset');
const strict = ini('use_strict_mode', '1');

const UNDOING: readonly Step[] = [destroy, close, reset, regenerate, call('session_id', 'x')];
const CALLBACKS: readonly CallbackName[] = ['write', 'destroy', 'close', 'read', 'validate_sid'];

/** php-src #22926: what a callback does to the session that session_regenerate_id() works on. */
const undone = CALLBACKS.flatMap((callback) =>
  UNDOING.map((step): Scenario => {
    const handler = use('full', { [callback]: { does: [step] } });
    return {
      name: `${callback}() calls ${step[1]}() in session_regenerate_id()`,
      ...known,
      steps: [
        strict,
        handler,
        start,
        count,
        call('session_regenerate_id', true),
        status,
        id,
        start,
      ],
    };
  }),
);

/** A callback that closes its own session, then fails to save it. */
const closedItself = (['full', 'parent-full', 9] as const).flatMap((form) =>
  [reset, call('session_abort')].map((step): Scenario => {
    return {
      name: `${form}: write() calls ${step[1]}() and answers false`,
      ...known,
      steps: [use(form, { write: { does: [step], answer: false } }), start, count, close, status],
    };
  }),
);

/** A wrong answer of write() at the very end leaves the handler to be closed after it. */
const reopening: Scenario = {
  name: 'close() calls session_start() after write() has answered null at the end',
  ...known,
  steps: [use(7, { write: null, close: { does: [start] } }), start, count],
};

/** php-src #16027, #23061: a second callback fails after the first. */
const twice = (
  [
    ['open', 'close'],
    ['read', 'create_sid'],
    ['write', 'destroy'],
    ['gc', 'update_timestamp'],
  ] as const
).flatMap(([first, second]) =>
  [false, null, { throws: 'first' }].map((answer): Scenario => {
    const throwing = second === 'close' ? false : { throws: 'second' };
    return {
      name: `${first}() answers ${JSON.stringify(answer)}, then ${second}() fails`,
      ...known,
      steps: [
        use('full', { [first]: answer, [second]: throwing }),
        start,
        count,
        regenerate,
        call('session_gc'),
        call('session_create_id'),
        destroy,
        start,
        close,
      ],
    };
  }),
);

/** php-src #15135: what session.lazy_write takes for a change. */
const lazy = (
  [
    [['refer', 'copy', 'count']],
    [
      ['refer', 'copy', 'count'],
      ['delete', 'copy'],
    ],
    [
      ['delete', 'count'],
      ['set', 'count', 7],
    ],
    [['replace', { count: 7 }]],
    [reset, ['set', 'count', 7]],
    [regenerate, reset],
    [close, start, close, start],
    [call('session_decode', 'count|i:7;')],
  ] as readonly Step[][]
).map((steps, at): Scenario => {
  return { name: `lazy_write ${at}`, ...known, steps: [use('full'), start, ...steps, variables] };
});

/** php-src #9583, #10807, #23043: ids that are taken, or empty. */
const ids = (['full', 'check', 'parent-full', 9] as const).flatMap((form) =>
  [true, false].map((isTaken): Scenario => {
    const name = isTaken ? 'known' : '';
    return {
      name: `${form}: create_sid() answers ${JSON.stringify(name)}`,
      ...known,
      steps: [
        strict,
        use(form, { validate_sid: isTaken, create_sid: name }),
        start,
        call('session_create_id', 'p-'),
        regenerate,
        id,
        close,
        start,
        id,
      ],
    };
  }),
);

/** php-src #22924, #23800, #23847: create_sid() fails at its first, second or third call. */
const failingIds = (['full', 'parent-full', 'id'] as const).flatMap((form) =>
  [0, 1, 2].flatMap((before) =>
    [null, { throws: 'no id' }].map((failure): Scenario => {
      const inTurn = [...Array<'own'>(before).fill('own'), failure];
      return {
        name: `${form}: create_sid() answers ${JSON.stringify(failure)} after ${before} ids`,
        steps: [
          strict,
          use(form, { create_sid: { inTurn }, validate_sid: true }),
          call('session_id', ''),
          start,
          regenerate,
          status,
          call('session_create_id'),
          call('session_id', 'rejected'),
          start,
          id,
          call('session_module_name', 'files'),
          start,
        ],
      };
    }),
  ),
);

/** A write() that destroys its session, at session_write_close() and at the end. */
const destroyed = (['full', 'parent', 'parent-full', 9] as const).map((form): Scenario => {
  const handler = use(form, { write: { does: [destroy] } });
  return {
    name: `${form}: write() calls session_destroy()`,
    ...known,
    steps: [handler, start, count, close, status, start, count],
  };
});

const look: readonly Step[] = [status, id, variables];
const mark: Step = ['set', 'seen', 1];

/** php-src #17541: an error handler that uses the session. */
const handled: Scenario[] = (
  [
    [[...look, mark], { steps: [use('full'), start, start, variables] }],
    [look, { store: { known: 'broken' }, steps: [use('full'), start, ...look] }],
    [look, { steps: [use('full', { read: false }), start, ...look] }],
    [look, { steps: [call('session_start', { nonsense: 1 }), ...look] }],
    [[mark, ...look], { steps: [use('full', { write: false }), start, count] }],
    [[mark, ...look], { steps: [use('full'), start, ['set', '5', 1], count] }],
    [[['delete', 'count']], { steps: [start, ['set', '5', 1], count, close, variables] }],
    [[call('session_encode'), ...look], { steps: [destroy, use(6), start, status] }],
    [
      [call('session_name', 'OTHER'), ini('cookie_path', '/handler')],
      { steps: [call('session_name', '5'), use('full'), start, call('session_name', 'x')] },
    ],
  ] as readonly [readonly Step[], Omit<Scenario, 'name'>][]
).map(([onMessage, rest], at): Scenario => {
  return { name: `an error handler that uses the session ${at}`, ...known, onMessage, ...rest };
});

/** The table's part about reports. */
export const reportScenarios: readonly Scenario[] = [
  ...undone,
  ...closedItself,
  reopening,
  ...twice,
  ...lazy,
  ...ids,
  ...failingIds,
  ...destroyed,
  ...handled,
];

/** Sequences in which a callback answers something else, or throws. */
import type { Answer, CallbackName, Scenario } from '../steps.ts';
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

const ANSWERS: readonly Answer[] = [false, null, 0, -1, 1, 'text', [], { throws: 'no' }];
const CALLBACKS: readonly CallbackName[] = ['open', 'close', 'read', 'write', 'destroy', 'gc'];

/**
 * A close() that throws after the last line of the script: PHP 8.2's command line stops there, the
 * WebAssembly build goes on to say that the handler was called in a recursive manner.
 */
export function isBeyondWasm(callback: string, answer: Answer | undefined): boolean {
  if (callback !== 'close' || typeof answer !== 'object' || answer === null) return false;
  return 'throws' in answer || ('does' in answer && isBeyondWasm(callback, answer.answer));
}

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

/** The table's part about answers. */
export const answerScenarios: readonly Scenario[] = [...answers, ...optional];

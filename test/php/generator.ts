/** Makes request sequences out of a seed. */
import { isBeyondWasm } from './scenarios/answers.ts';
import type { Answer, Argument, Handler, Scenario, Step } from './steps.ts';

/** mulberry32: enough for choosing, and the same everywhere. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const FORMS: readonly Handler['form'][] = [6, 7, 8, 9, 'object', 'unregistered', 'id', 'full'];
const ANSWERS: readonly Answer[] = [true, false, null, 0, -1, 'text', { throws: 'no' }];
const CALLBACKS = ['open', 'close', 'read', 'write', 'destroy', 'gc', 'validate_sid'] as const;
const CALLS: readonly (readonly [string, ...Argument[]])[] = [
  ['session_start'],
  ['session_start'],
  ['session_start', { read_and_close: true }],
  ['session_write_close'],
  ['session_destroy'],
  ['session_regenerate_id'],
  ['session_regenerate_id', true],
  ['session_unset'],
  ['session_abort'],
  ['session_reset'],
  ['session_gc'],
  ['session_id'],
  ['session_id', 'chosen'],
  ['session_name', 'OTHER'],
  ['session_encode'],
  ['session_decode', 'd|i:1;'],
  ['session_decode', 'bad'],
  ['session_status'],
  ['session_cache_limiter', 'private'],
  ['session_set_cookie_params', { lifetime: 60, samesite: 'Lax' }],
  ['ini_set', 'session.use_strict_mode', '1'],
  ['ini_set', 'session.lazy_write', '0'],
  ['ini_set', 'session.serialize_handler', 'php_serialize'],
];

/**
 * Makes sequences.
 *
 * @param seed - The same seed makes the same sequences.
 * @param size - How many.
 */
export function generate(seed: number, size: number): Scenario[] {
  const random = seeded(seed);
  const pick = <Item>(items: readonly Item[]): Item =>
    items[Math.floor(random() * items.length)] as Item;
  const handler = (): Step => {
    const callback = pick(CALLBACKS);
    const answer = pick(ANSWERS);
    const answers = random() < 0.4 && !isBeyondWasm(callback, answer) ? { [callback]: answer } : {};
    return ['handler', { form: pick(FORMS), answers }];
  };
  const step = (): Step => {
    const kind = random();
    if (kind < 0.65) return ['call', ...pick(CALLS)];
    if (kind < 0.85) return ['set', pick(['a', 'b', '5', 'c|d']), pick([1, 'x', [1], null])];
    if (kind < 0.93) return ['variables'];
    if (kind < 0.97) return ['later', ['call', ...pick(CALLS)]];
    return handler();
  };
  return Array.from({ length: size }, (_, at): Scenario => {
    const steps = Array.from({ length: 2 + Math.floor(random() * 9) }, step);
    return {
      name: `generated ${at}`,
      ...(random() < 0.6 ? { cookies: { PHPSESSID: pick(['known', 'unknown', 'a b']) } } : {}),
      store: { known: pick(['', 'a|i:7;', 'broken']) },
      steps: random() < 0.85 ? [handler(), ...steps] : steps,
    };
  });
}

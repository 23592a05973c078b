/** Random request sequences. */
import fc from 'fast-check';
import { isBeyondWasm } from './scenarios/answers.ts';
import type {
  Answer,
  Argument,
  CallbackName,
  Form,
  Handler,
  Scenario,
  Special,
  Step,
} from './steps.ts';
import * as vocabulary from './vocabulary.ts';
import * as calls from './vocabulary-calls.ts';

/**
 * PHP 8.4.25 cuts a file to what it writes only if its own read() has seen that the file is longer;
 * PHP 8.2.36, and this library, always cut it.
 */
function leavesAnEnd(form: Form, callback: CallbackName): boolean {
  return (form === 'parent' || form === 'parent-id') && callback === 'read';
}

/** Chooses the parts of one sequence. */
class Author {
  readonly #choose: fc.GeneratorValue;
  /** Whether the request begins with a handler. */
  #hasHandler = false;

  constructor(choose: fc.GeneratorValue) {
    this.#choose = choose;
  }

  /** A number from 0 to below 1 for choosing by weight. */
  #part(): number {
    return this.upTo(1000) / 1000;
  }

  chance(probability: number): boolean {
    return this.#part() < probability;
  }

  upTo(limit: number): number {
    return this.#choose(fc.nat, { max: limit - 1 });
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.upTo(items.length)] as Item;
  }

  #id(): string | Special {
    return this.pick(this.chance(0.6) ? vocabulary.IDS : vocabulary.HOSTILE_IDS);
  }

  #setting(): [key: string, value: Argument] {
    const key: string = this.pick(Object.keys(calls.SETTINGS));
    const values = calls.SETTINGS[key] ?? [];
    return [key, this.pick(this.chance(0.85) ? values : calls.ODD_ARGUMENTS)];
  }

  #options(): Argument {
    const count = 1 + this.upTo(3);
    const entries = Array.from({ length: count }, (): readonly [string, Argument] => {
      if (this.chance(0.3)) return ['read_and_close', this.pick(calls.READ_AND_CLOSE)];
      if (this.chance(0.15)) return this.pick(calls.ODD_OPTIONS);
      return this.#setting();
    });
    return Object.fromEntries(entries);
  }

  #cookieParams(): Argument[] {
    if (this.chance(0.4)) return [...this.pick(calls.COOKIE_PARAM_LISTS)];
    const count = 1 + this.upTo(3);
    const keys = Array.from({ length: count }, () => this.pick(calls.COOKIE_PARAM_KEYS));
    return [Object.fromEntries(keys.map((key) => [key, this.pick(calls.COOKIE_PARAM_VALUES)]))];
  }

  call(): Step {
    const kind = this.#part();
    if (kind < 0.2) return ['call', 'session_start'];
    if (kind < 0.28) return ['call', 'session_start', this.#options()];
    if (kind < 0.42) {
      const [key, value] = this.#setting();
      return ['call', 'ini_set', `session.${key}`, value];
    }
    if (kind < 0.46) return ['call', 'session_set_cookie_params', ...this.#cookieParams()];
    if (kind < 0.5) return ['call', 'session_id', this.#id()];
    if (kind < 0.53) return ['call', 'session_decode', this.pick(vocabulary.DATA)];
    if (kind < 0.55) return ['call', 'ini_get', `session.${this.#setting()[0]}`];
    if (kind < 0.6) {
      const odd = this.pick(calls.ODD_FUNCTIONS);
      const count = this.chance(0.8) ? 1 : this.upTo(3);
      return ['call', odd, ...Array.from({ length: count }, () => this.pick(calls.ODD_ARGUMENTS))];
    }
    const list = this.#hasHandler && this.chance(0.1) ? calls.PARENT_CALLS : calls.CALLS;
    return ['call', ...this.pick(list)];
  }

  #answer(callback: CallbackName, depth: number): Answer {
    if (depth > 0 && this.chance(0.3)) {
      const does = Array.from({ length: 1 + this.upTo(2) }, () => this.#inner(depth - 1));
      return this.chance(0.5) ? { does } : { does, answer: this.pick(vocabulary.ANSWERS) };
    }
    if (this.chance(0.25)) {
      const count = 1 + this.upTo(3);
      const list = Array.from({ length: count }, () => this.pick(vocabulary.ANSWERS_IN_TURN));
      return { inTurn: ['own', ...list] };
    }
    if (callback === 'read' && this.chance(0.6)) return this.pick(vocabulary.DATA);
    if (callback === 'create_sid' && this.chance(0.6)) return this.#id();
    return this.pick(vocabulary.ANSWERS);
  }

  /** A step within a callback. */
  #inner(depth: number): Step {
    if (this.chance(0.75)) return this.call();
    if (this.chance(0.5)) return this.#change();
    return depth > 0 && this.chance(0.3) ? this.handler(0) : ['variables'];
  }

  handler(depth = 1): Step {
    const form: Form = this.pick(vocabulary.FORMS);
    const answers: Partial<Record<CallbackName, Answer>> = {};
    while (this.chance(0.4)) {
      const callback = this.pick(vocabulary.CALLBACKS);
      const answer = this.#answer(callback, depth);
      if (leavesAnEnd(form, callback)) continue;
      if (!isBeyondWasm(callback, answer)) answers[callback] = answer;
    }
    return ['handler', { form, answers }];
  }

  #change(): Step {
    if (this.chance(0.15)) return ['delete', this.pick(vocabulary.KEYS)];
    if (this.chance(0.1)) return ['refer', this.pick(vocabulary.KEYS), this.pick(vocabulary.KEYS)];
    return ['set', this.pick(vocabulary.KEYS), this.pick(vocabulary.VALUES)];
  }

  #header(): Step {
    const line = this.pick(vocabulary.HEADERS);
    return ['header', line, !line.startsWith('Set-Cookie') || this.chance(0.5)];
  }

  step(): Step {
    const kind = this.#part();
    if (kind < 0.62) return this.call();
    if (kind < 0.78) return this.#change();
    if (kind < 0.86) return ['variables'];
    if (kind < 0.9) {
      return ['later', ...Array.from({ length: 1 + this.upTo(3) }, () => this.#inner(0))];
    }
    if (kind < 0.92) return this.#header();
    if (kind < 0.935) return ['flush'];
    if (kind < 0.94) return ['age', 'sess_known', this.pick([10, 2000])];
    if (kind < 0.95) return this.chance(0.5) ? ['exit'] : ['throw', 'the end'];
    return this.handler();
  }

  /** A Cookie header or a query as a stranger writes it. */
  #raw(separator: string): string {
    const pairs = Array.from({ length: 1 + this.upTo(3) }, () => {
      return `${this.pick(vocabulary.RAW_NAMES)}${this.pick(vocabulary.RAW_VALUES)}`;
    });
    return pairs.join(separator);
  }

  scenario(name: string): Scenario {
    const steps = (): Step[] => Array.from({ length: 2 + this.upTo(9) }, () => this.step());
    this.#hasHandler = false;
    const handler = this.handler();
    // PHP 8.2 refuses null for a callback.
    const hasHandler = this.chance(0.7);
    const strictErrors = this.chance(0.1);
    this.#hasHandler = hasHandler && !strictErrors && (handler[1] as Handler).form !== 'nulls';
    const first = hasHandler ? [handler, ...steps()] : steps();
    const sent = (probability: number): Record<string, string | Special | false> | undefined =>
      this.chance(probability)
        ? { [this.pick(vocabulary.NAMES)]: this.chance(0.05) ? false : this.#id() }
        : undefined;
    const [cookies, query, form] = [sent(0.6), sent(0.1), sent(0.1)];
    const raw = this.chance(0.1) ? { cookie: this.#raw('; '), query: this.#raw('&') } : undefined;
    return {
      name,
      ...(strictErrors ? { strictErrors } : {}),
      ...(raw ? { raw } : { ...(cookies ? { cookies } : {}), ...(query ? { query } : {}) }),
      ...(form && !raw ? { form } : {}),
      ...(this.chance(0.1) ? { referer: this.pick(vocabulary.REFERERS) } : {}),
      store: { known: this.pick(vocabulary.DATA) },
      files: { sess_known: this.pick(vocabulary.DATA) },
      steps: first,
      ...(!raw && this.chance(0.25)
        ? { next: Array.from({ length: 1 + this.upTo(2) }, () => [this.handler(), ...steps()]) }
        : {}),
    };
  }
}

/**
 * Returns request sequences.
 *
 * @param seed - The same seed gives the same sequences.
 * @param size - How many.
 */
export function generate(seed: number, size: number): Scenario[] {
  const authors = fc.gen().map((choose) => new Author(choose).scenario('generated'));
  // Without bias towards small numbers: a choice has the weight that it is given.
  const scenarios = fc.sample(fc.noBias(authors), { seed, numRuns: size });
  return scenarios.map((scenario, at) => ({ ...scenario, name: `generated ${at}` }));
}

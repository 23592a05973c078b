/**
 * The kinds of values that options and arguments take. TypeScript refuses a wrong value by its type; a
 * value from JavaScript, from JSON or from a command line is checked here, once, before it means
 * something else than its author wanted: `grace: -1`, `idle: '30'`, `gc(NaN)`.
 */
import { inspect } from 'node:util';
import { SessionSetupError } from './errors.ts';

/** One kind of value. */
export interface Kind {
  /** Description of the values it accepts, for the error. */
  readonly takes: string;
  accepts(value: unknown): boolean;
}

/** Beyond 24 days, Node's timers end at once. */
export const LONGEST_WAIT = 1e6;

/** A duration that the database counts. */
export const SECONDS: Kind = {
  takes: 'seconds above 0',
  accepts: (value) => typeof value === 'number' && value > 0,
};

/** A duration that a timer counts. */
export const WAIT: Kind = {
  takes: `seconds above 0, at most ${LONGEST_WAIT}`,
  accepts: (value) => SECONDS.accepts(value) && Number(value) <= LONGEST_WAIT,
};

/** A duration that may be 0, and has an end. */
export const GRACE: Kind = {
  takes: `seconds from 0 to ${LONGEST_WAIT}`,
  accepts: (value) => value === 0 || WAIT.accepts(value),
};

/** A share of a whole. */
export const SHARE: Kind = {
  takes: '0 to 1',
  accepts: (value) => typeof value === 'number' && value >= 0 && value <= 1,
};

/** A number of things. */
export const COUNT: Kind = {
  takes: 'a whole number from 1',
  accepts: (value) => value === Number.POSITIVE_INFINITY || isWhole(value),
};

/** Seconds that another program counts as integers. */
export const WHOLE_SECONDS: Kind = { takes: 'whole seconds from 1', accepts: isWhole };

export const FALSE: Kind = { takes: 'false', accepts: (value) => value === false };

export const SWITCH: Kind = {
  takes: 'true or false',
  accepts: (value) => typeof value === 'boolean',
};

export const TEXT: Kind = {
  takes: 'a text',
  accepts: (value) => typeof value === 'string' && value !== '',
};

export const OBJECT: Kind = {
  takes: 'an object',
  accepts: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
};

export const FUNCTION: Kind = {
  takes: 'a function',
  accepts: (value) => typeof value === 'function',
};

/** A value that is checked where it is used. */
export const ANY: Kind = { takes: 'any value', accepts: () => true };

/** One of some words. */
export function oneOf(...words: readonly string[]): Kind {
  return { takes: words.join(', '), accepts: (value) => words.includes(value as string) };
}

/** A value of one of two kinds. */
export function either(one: Kind, other: Kind): Kind {
  return {
    takes: `${one.takes}, or ${other.takes}`,
    accepts: (value) => one.accepts(value) || other.accepts(value),
  };
}

/**
 * Checks one value.
 *
 * @param name - Name of the option or argument, for the error.
 * @throws SessionSetupError with the name, the value and what it takes.
 */
export function requireKind(name: string, value: unknown, kind: Kind): void {
  if (kind.accepts(value)) return;
  throw new SessionSetupError(`${name} takes ${kind.takes}, not ${shown(value)}`);
}

/**
 * Checks the members of an object; one that is undefined has its default.
 *
 * @param kinds - All members that it may have.
 * @param place - The object's own name with a dot behind it, if it has one.
 * @throws SessionSetupError also for a member that does not exist, such as a misspelt one.
 */
export function requireAll(
  members: object,
  kinds: Readonly<Record<string, Kind>>,
  place = '',
): void {
  for (const [name, value] of Object.entries(members)) {
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined) {
      const known = Object.keys(kinds).map((each) => place + each);
      throw new SessionSetupError(
        `there is no option "${place}${name}"; known are ${known.join(', ')}`,
      );
    }
    if (value !== undefined) requireKind(place + name, value, kind);
  }
}

function isWhole(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) > 0;
}

/** An object may hold a secret, or a session's data. */
function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  return typeof value === 'object' && value !== null ? 'such an object' : inspect(value);
}

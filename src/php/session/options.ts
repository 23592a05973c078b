/** The options of all requests that one `prepare()` opens. */
import { randomBytes, randomInt } from 'node:crypto';
import { inspect } from 'node:util';
import type { PhpVersion } from '../../serialize/index.ts';
import type { PhpMessageHandler } from '../messages.ts';
import type { SessionSettings } from '../setting-types.ts';
import type { RandomBytes } from './identifiers.ts';
import { nearestName } from './nearest-name.ts';

/** PHP's behaviour, and the three things that differ from run to run. */
export interface PhpOptions<Name extends string = string> {
  /** The settings of php.ini: `{ 'session.gc_maxlifetime': 3600 }`. */
  settings?: SessionSettings<Name> | undefined;
  /** The PHP release to behave as. @default '8.4' */
  version?: PhpVersion | undefined;
  /** Receives PHP's warnings. @default process.emitWarning */
  onMessage?: PhpMessageHandler | undefined;
  /** Returns Unix time in milliseconds. @default Date.now */
  clock?: (() => number) | undefined;
  /** Bytes for new ids. @default randomBytes of node:crypto */
  randomBytes?: RandomBytes | undefined;
  /**
   * Returns a random whole number from 0 to below a limit, for session.gc_probability.
   *
   * @param limit - session.gc_divisor.
   * @default randomInt of node:crypto
   */
  randomInt?: ((limit: number) => number) | undefined;
  /**
   * Returns when the page changed, in milliseconds, for the Last-Modified of the public and private
   * limiters; undefined sends none.
   */
  lastModified?: (() => number | undefined) | undefined;
  /**
   * Limits the effects of a save handler that throws. In PHP, a validateId() that throws gives the
   * visitor a new id, a session_start() that fails keeps its Set-Cookie, and close() is not called
   * after an exception. With true, a failed start changes no cookie, so that an outage of the store
   * signs no visitor out, and close() is always called.
   *
   * @default false
   */
  containFailures?: boolean | undefined;
  /**
   * Milliseconds for which a request may keep a session's file from others, as php-fpm's
   * request_terminate_timeout bounds a page. After that the next request gets the file, and the late
   * one throws when it is saved. Waiting for the file does not count.
   *
   * @default no limit, as in PHP
   */
  maxLockTime?: number | undefined;
  /**
   * Whether a session's file is locked for other processes too, such as PHP's. Node has no flock(), so
   * util-linux's command `flock` takes the lock: a process of some milliseconds for each session that
   * is opened. With false, requests of this process alone wait for each other, and of two changes that
   * Node and PHP make at the same time one can be lost.
   *
   * @default false
   */
  flock?: boolean | undefined;
}

const NAMES: Record<keyof PhpOptions, true> = {
  settings: true,
  version: true,
  onMessage: true,
  clock: true,
  randomBytes: true,
  randomInt: true,
  lastModified: true,
  containFailures: true,
  maxLockTime: true,
  flock: true,
};

const VERSIONS: Record<PhpVersion, true> = {
  '8.2': true,
  '8.3': true,
  '8.4': true,
  '8.5': true,
  '8.6': true,
};

/**
 * Checks what TypeScript would refuse: with a misspelt `settings`, a cookie would not be Secure.
 *
 * @param options - PHP's behaviour.
 * @throws RangeError for an unknown option, and for a PHP release that is not one of these.
 */
export function requireOptions(options: PhpOptions): void {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(NAMES, name));
  if (unknown !== undefined) {
    const nearest = nearestName(unknown, Object.keys(NAMES));
    throw new RangeError(`there is no option "${unknown}"; the nearest name is "${nearest}"`);
  }
  const { version = '8.4' } = options;
  if (typeof version === 'string' && Object.hasOwn(VERSIONS, version)) return;
  const known = Object.keys(VERSIONS)
    .map((each) => `'${each}'`)
    .join(', ');
  throw new RangeError(`version takes ${known}, not ${inspect(version)}`);
}

/** The options that a session reads while it runs, with their defaults. */
export interface CheckedOptions {
  readonly clock: () => number;
  readonly randomBytes: RandomBytes;
  readonly randomInt: (limit: number) => number;
  readonly lastModified: () => number | undefined;
  readonly containFailures: boolean;
  readonly maxLockTime: number | undefined;
  readonly flock: boolean;
}

/** The highest limit of crypto's randomInt(); session.gc_divisor may be above it. */
const HIGHEST_LIMIT = 2 ** 48 - 1;

/**
 * Fills in the defaults.
 *
 * @param options - PHP's behaviour.
 */
export function withDefaults(options: PhpOptions): CheckedOptions {
  return {
    clock: options.clock ?? Date.now,
    randomBytes: options.randomBytes ?? randomBytes,
    randomInt: options.randomInt ?? ((limit) => randomInt(Math.min(limit, HIGHEST_LIMIT))),
    lastModified: options.lastModified ?? (() => undefined),
    containFailures: options.containFailures ?? false,
    maxLockTime: options.maxLockTime,
    flock: options.flock ?? false,
  };
}

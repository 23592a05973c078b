/** The options of a store, checked once, with their defaults, and turned into milliseconds. */
import type { CacheOptions } from './cache/rows.ts';
import { SessionSetupError } from './errors.ts';
import type { Extra } from './extra.ts';
import type { GcOptions } from './gc.ts';
import {
  ANY,
  COUNT,
  either,
  FALSE,
  FUNCTION,
  type Kind,
  OBJECT,
  oneOf,
  requireAll,
  requireKind,
  SECONDS,
  SHARE,
  SWITCH,
  TEXT,
  WAIT,
  WHOLE_SECONDS,
} from './kinds.ts';
import type { OnConflict } from './on-conflict.ts';
import type { AnyOptions, SessionsOptions, Strategy } from './options.ts';
import type { Format } from './payload/payload.ts';
import type { SealOptions } from './payload/seal.ts';
import { COLUMNS, type Columns } from './table/statements.ts';

/** The locks, which also a save handler of PHP may name. */
export const LOCKS: Kind = oneOf('lock', 'lease', 'row');

const OPTIONS: Record<keyof SessionsOptions, Kind> = {
  // The engine and the keyed hash check the first three: their remedies are longer.
  url: ANY,
  pool: ANY,
  secrets: ANY,
  idle: SECONDS,
  absolute: SECONDS,
  touchAfter: SHARE,
  strategy: oneOf('merge', 'lock', 'lease', 'row'),
  onConflict: either(oneOf('mine', 'theirs', 'reject'), FUNCTION),
  format: oneOf('json', 'php', 'php_serialize', 'php_binary'),
  profile: oneOf('article'),
  table: TEXT,
  columns: OBJECT,
  extra: OBJECT,
  seal: OBJECT,
  leaseTable: TEXT,
  leaseTime: WAIT,
  lockTimeout: WAIT,
  statementTimeout: WAIT,
  timeout: WAIT,
  oneWriter: SWITCH,
  maxPerUser: COUNT,
  cache: OBJECT,
  batch: SWITCH,
  gc: either(OBJECT, FALSE),
};

/** The start of a key of memcached, which has 250 characters at most. */
const PREFIX: Kind = {
  takes: '1 to 200 visible ASCII characters',
  accepts: (value) => typeof value === 'string' && /^[!-~]{1,200}$/.test(value),
};

/** The members of the options that are objects. */
const MEMBERS: {
  readonly columns: Readonly<Record<string, Kind>>;
  readonly cache: Record<keyof CacheOptions, Kind>;
  readonly gc: Record<keyof GcOptions, Kind>;
  readonly seal: Record<keyof SealOptions, Kind>;
} = {
  columns: Object.fromEntries(Object.keys(COLUMNS).map((name) => [name, TEXT])),
  cache: { server: TEXT, maxAge: WHOLE_SECONDS, prefix: PREFIX, timeout: WAIT },
  gc: { every: WAIT, budget: WAIT },
  seal: { keys: ANY, readUnsealed: SWITCH },
};

/** The names of all options. */
export const OPTION_NAMES: readonly string[] = Object.keys(OPTIONS);

/** Added to a time of today, this stays below 2^53: about 3,000 years. */
const FOREVER = 1e14;

/** Options with their defaults, times in milliseconds. */
export interface Settings {
  readonly idle: number;
  readonly absolute: number;
  readonly touchAfter: number;
  readonly strategy: Strategy;
  readonly onConflict: OnConflict;
  readonly format: Format;
  readonly profile: 'article' | undefined;
  readonly table: string;
  readonly columns: Partial<Columns>;
  readonly extra: Extra<never>;
  readonly seal: SealOptions | undefined;
  readonly leaseTable: string;
  readonly leaseTime: number;
  readonly lockTimeout: number;
  readonly statementTimeout: number;
  readonly timeout: number;
  readonly oneWriter: boolean;
  readonly maxPerUser: number;
  readonly batch: boolean;
  readonly cache: CacheOptions | undefined;
  readonly gc: GcOptions | undefined;
}

/**
 * Checks options, and fills in the defaults.
 *
 * @throws SessionSetupError that names the option, its value and what it takes.
 */
export function settingsOf(options: AnyOptions): Settings {
  requireAll(options, OPTIONS);
  for (const [name, kinds] of Object.entries(MEMBERS)) {
    requireAll(options[name as keyof typeof MEMBERS] || {}, kinds, `${name}.`);
  }
  for (const [name, column] of Object.entries(options.extra ?? {})) {
    requireKind(`extra.${name}`, column, FUNCTION);
  }
  const isArticle = options.profile === 'article';
  const table = options.table ?? 'sessions';
  if (isArticle) requireArticle(options);
  return {
    idle: milliseconds(options.idle ?? 30 * 60),
    absolute: isArticle ? FOREVER : milliseconds(options.absolute ?? 12 * 60 * 60),
    touchAfter: options.touchAfter ?? 0.05,
    strategy: options.strategy ?? 'merge',
    onConflict: options.onConflict ?? 'mine',
    format: options.format ?? (isArticle ? 'php' : 'json'),
    profile: options.profile,
    table,
    columns: options.columns ?? {},
    extra: options.extra ?? {},
    seal: options.seal,
    leaseTable: options.leaseTable ?? table.replace(/[^.]*$/, 'session_locks'),
    leaseTime: milliseconds(options.leaseTime ?? 10),
    lockTimeout: milliseconds(options.lockTimeout ?? 30),
    statementTimeout: milliseconds(options.statementTimeout ?? 2),
    timeout: milliseconds(options.timeout ?? 6),
    oneWriter: options.oneWriter ?? false,
    maxPerUser: options.maxPerUser ?? Number.POSITIVE_INFINITY,
    batch: options.batch ?? true,
    cache: options.cache,
    gc: isArticle || options.gc === false ? undefined : (options.gc ?? {}),
  };
}

function milliseconds(seconds: number): number {
  return Math.min(Math.ceil(seconds * 1000), FOREVER);
}

/** The article's table has no columns for what these options do. */
function requireArticle(options: AnyOptions): void {
  const unfit = ['absolute', 'maxPerUser', 'cache', 'extra', 'seal', 'gc'] as const;
  const found = unfit.find((name) => options[name] !== undefined && options[name] !== false);
  const format = (options.format as string | undefined) === 'json' ? 'format' : undefined;
  const name = found ?? format;
  if (name === undefined) return;
  throw new SessionSetupError(
    `${name} cannot be used with profile: 'article', whose table PHP reads`,
  );
}

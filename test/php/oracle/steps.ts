/** A request sequence as data, run by both PHP and the port. */

/** Values that JSON lacks: a string with invalid UTF-8, a float, an object or a function. */
export type Special =
  | { readonly $: 'bytes'; readonly hex: string }
  | { readonly $: 'float'; readonly text: string }
  | { readonly $: 'object'; readonly class: 'stdClass' }
  | { readonly $: 'function' };

export type Value = null | boolean | number | string | readonly Value[] | Special;

export type Argument = Value | { readonly [key: string]: Argument };

/** A callback's result in place of the store's own. */
export type Answer =
  | Value
  | { readonly throws: string }
  /** Steps to run first; then the store's own work, unless `answer` replaces it. */
  | { readonly does: readonly Step[]; readonly answer?: Answer }
  /** An answer for each call; the last one for all further calls. `own` is the store's own work. */
  | { readonly inTurn: readonly (Value | 'own' | { readonly throws: string })[] };

export type CallbackName =
  | 'open'
  | 'close'
  | 'read'
  | 'write'
  | 'destroy'
  | 'gc'
  | 'create_sid'
  | 'validate_sid'
  | 'update_timestamp';

/**
 * Six to nine callbacks, nine with null for those that the letters do not name (create_sid,
 * validate_sid, update_timestamp), an object with some optional methods, one that wraps a
 * SessionHandler, or a subclass of SessionHandler.
 */
export type Form =
  | 6
  | 7
  | 8
  | 9
  | 'nulls'
  | `nulls but ${'v' | 'u' | 'cu' | 'vu'}`
  | 'object'
  | 'unregistered'
  | 'id'
  | 'check'
  | 'touch'
  | 'id check'
  | 'id touch'
  | 'check touch'
  | 'full'
  | 'interfaces'
  | 'bare'
  | 'wrapped'
  | 'wrapped-id'
  | 'parent'
  | 'parent-id'
  | 'parent-full';

export interface Handler {
  readonly form: Form;
  /** Answers other than the memory store's own, by callback. */
  readonly answers?: Readonly<Partial<Record<CallbackName, Answer>>>;
}

/** One step: a function's name and its arguments, or one of the words below. */
export type Step =
  | readonly ['call', string, ...Argument[]]
  | readonly ['set', string, Value]
  | readonly ['delete', string]
  /** `$_SESSION[…] =& $_SESSION[…]` */
  | readonly ['refer', string, string]
  /** `$_SESSION = …` */
  | readonly ['replace', Argument]
  | readonly ['variables']
  | readonly ['handler', Handler]
  /** A header of the page's own; true replaces those of its name. */
  | readonly ['header', string, boolean?]
  /** The head of the response leaves. */
  | readonly ['flush']
  /** Sets the age of a session file, in seconds. */
  | readonly ['age', string, number]
  | readonly ['exit']
  | readonly ['throw', string]
  | readonly ['later', ...Step[]];

/** A variable's value; false means an array. */
type Sent = string | Special | false;

export interface Scenario {
  readonly name: string;
  /** True if the program's error handler throws, as a framework's does. */
  readonly strictErrors?: boolean;
  /** The steps of the program's error handler; its calls are of functions that are synchronous here. */
  readonly onMessage?: readonly Step[];
  /** Settings from php.ini, without the prefix `session.`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** A raw Cookie header and query string, for scenarios about parsing them. */
  readonly raw?: { readonly cookie?: string; readonly query?: string };
  readonly cookies?: Readonly<Record<string, Sent>>;
  readonly query?: Readonly<Record<string, Sent>>;
  readonly form?: Readonly<Record<string, Sent>>;
  readonly referer?: string;
  /** The memory store's content before the request. */
  readonly store?: Readonly<Record<string, string | Special>>;
  /** The session files before the request. */
  readonly files?: Readonly<Record<string, string | Special>>;
  readonly steps: readonly Step[];
  /** Later requests of the same browser. */
  readonly next?: readonly (readonly Step[])[];
}

/** The events in order: calls, messages, results, throws, headers. */
export type Entry = readonly [kind: string, ...details: unknown[]];

/** Node keeps all cookies in one place among the headers, PHP each where it was set. */
function cookiesFirst([kind, ...details]: Entry): Entry {
  if (kind !== 'headers') return [kind, ...details];
  const lines = details[0] as unknown[];
  const isCookie = (line: unknown): boolean => /^"?Set-Cookie:/.test(String(line));
  return [kind, [...lines.filter(isCookie), ...lines.filter((line) => !isCookie(line))]];
}

/** Replaces what differs between runs (random ids, folders, places in files) by fixed names. */
export function normalise(entries: readonly Entry[], folder: string): string[] {
  const ids = new Map<string, string>();
  const numbered = (id: string): string => {
    if (!ids.has(id)) ids.set(id, `ID${ids.size + 1}`);
    return ids.get(id) as string;
  };
  // A folder lists random names in any order.
  const isFile = ([kind]: Entry): boolean => kind === 'file';
  const content = ([, , data]: Entry): string => JSON.stringify(data);
  const sorted = [
    ...entries.filter((entry) => !isFile(entry)),
    ...entries.filter(isFile).sort((one, other) => (content(one) < content(other) ? -1 : 1)),
  ];
  const lines = sorted.map((entry) =>
    JSON.stringify(cookiesFirst(entry))
      .replaceAll(folder, 'FOLDER')
      .replace(/(started|sent) from [^"]*? on line \d+/g, '$1 from HERE')
      .replace(/output started at [^"]*?:\d+/g, 'output started at HERE')
      .replace(/expires=[^;"]*GMT/g, 'expires=THEN')
      .replace(/Last-Modified: [^"]*GMT/g, 'Last-Modified: THEN')
      .replace(/Expires: (?!Thu, 19 Nov 1981)[^"]*GMT/g, 'Expires: THEN')
      // WebAssembly's numbers for the same errors.
      .replace('No such file or directory (44)', 'No such file or directory (2)')
      .replace('Is a directory (31)', 'Is a directory (21)')
      .replace('Not a directory (54)', 'Not a directory (20)')
      .replace('File name too long (37)', 'File name too long (36)')
      .replace(/[0-9a-f]{32,}(?![0-9a-zA-Z])/g, numbered)
      // One id in 200 has no digit; a name such as SessionUpdateTimestampHandlerInterface has no digit
      // and no two adjacent capitals.
      .replace(/(?=[a-zA-Z]*(?:[\d,%-]|[A-Z]{2}))([0-9a-zA-Z,-]|%2C){22,}/g, (id) =>
        numbered(id.replaceAll('%2C', ',')),
      ),
  );
  // Node sends the head last.
  const rank = (line: string): number =>
    line.startsWith('["headers"') ? 1 : line.startsWith('["file"') ? 2 : 0;
  const files = lines.filter((line) => rank(line) === 2).sort();
  return [0, 1].flatMap((each) => lines.filter((line) => rank(line) === each)).concat(files);
}

/** A request sequence as data: what both PHP and the port are told to do. */

/** What a callback answers instead of doing its work. */
export type Answer = boolean | number | string | null | readonly [] | { readonly throws: string };

export interface Handler {
  /** Six to nine callbacks, an object, or a subclass of SessionHandler. */
  readonly form: 6 | 7 | 8 | 9 | 'object' | 'id' | 'full' | 'parent' | 'unregistered';
  /** Answers other than the memory store's own, by callback. */
  readonly answers?: Readonly<Record<string, Answer>>;
}

export type Value = null | boolean | number | string | readonly Value[];

/** One step: a function's name and its arguments, or one of the words below. */
export type Step =
  | readonly ['call', string, ...Argument[]]
  | readonly ['set', string, Value]
  | readonly ['delete', string]
  | readonly ['variables']
  | readonly ['handler', Handler]
  | readonly ['later', ...Step[]];

export type Argument = Value | { readonly [key: string]: Value };

export interface Scenario {
  readonly name: string;
  readonly cookie?: string;
  readonly query?: string;
  readonly form?: string;
  readonly referer?: string;
  /** What the memory store holds before. */
  readonly store?: Readonly<Record<string, string>>;
  /** What the folder of session files holds before. */
  readonly files?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

/** What happened, in order: calls, messages, results, throws, headers. */
export type Entry = readonly [kind: string, ...details: unknown[]];

/** Makes what differs from run to run the same: random ids by order, folders, places in files. */
export function normalise(entries: readonly Entry[], folder: string): string[] {
  const ids = new Map<string, string>();
  const lines = entries.map((entry) =>
    JSON.stringify(entry)
      .replaceAll(folder, '/sess')
      .replace(/started from [^"]*? on line \d+/g, 'started from HERE')
      .replace(/expires=[^;"]*GMT/g, 'expires=THEN')
      .replace(/Last-Modified: [^"]*GMT/g, 'Last-Modified: THEN')
      // WebAssembly's number for the same error.
      .replace('No such file or directory (44)', 'No such file or directory (2)')
      .replace(/Expires: (?!Thu, 19 Nov 1981)[^"]*GMT/g, 'Expires: THEN')
      .replace(/(?<![0-9a-zA-Z])[0-9a-f]{32}(?![0-9a-zA-Z])/g, (id) => {
        if (!ids.has(id)) ids.set(id, `ID${ids.size + 1}`);
        return ids.get(id) as string;
      }),
  );
  // A folder lists random names in any order.
  const isFile = (line: string): boolean => line.startsWith('["file"');
  return [...lines.filter((line) => !isFile(line)), ...lines.filter(isFile).sort()];
}

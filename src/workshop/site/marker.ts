/** Markers: the comments above fences that say what a fence contains. */

/** A file as a marker names it: relative to the page, one of its declarations or all of it. */
export interface Reference {
  path: string;
  /** The declaration's name. */
  name: string | undefined;
}

/** The markers with an argument in their own words, and an example of each. */
const WORDS = {
  text: 'why it is typed by hand',
  picture: 'trace',
  numbers: 'lesson-05 lesson-06',
  costs: 'store',
  requirements: 'faults',
  holds: 'lesson-10 cpu < lesson-09 cpu',
} as const;

/** The markers without an argument. */
const BARE = ['heading', 'neighbours', 'proves', 'wrong'] as const;

export type Marker =
  | { kind: 'code'; file: Reference }
  | { kind: 'diff'; from: Reference | undefined; to: Reference | undefined }
  | { kind: 'transcript'; condition: string }
  | { kind: 'output'; of: 'tests'; condition: string }
  | { kind: 'output'; of: 'php'; file: Reference }
  | { kind: keyof typeof WORDS; argument: string }
  | { kind: (typeof BARE)[number] };

/** Markers that put a fence below themselves; the others write up to `<!-- end -->`. */
export function yieldsFence(marker: Marker): boolean {
  return ['code', 'diff', 'transcript', 'output', 'text'].includes(marker.kind);
}

/** A comment on a separate line: `<!-- code: ./sessions.ts#read -->`. */
const COMMENT = /^\s*<!--\s*([a-z]+)\s*(?::\s*(.*?))?\s*-->\s*$/;

/** Reads a line as a marker; an error has the form that it must have. */
export function readMarker(line: string): Marker | undefined {
  const [, word = '', argument = ''] = COMMENT.exec(line) ?? [];
  switch (word) {
    case 'code':
      return { kind: word, file: readReference(argument, word) };
    case 'diff':
      return readDiff(argument);
    case 'transcript': {
      const condition = /^attack on ([\w-]+)$/.exec(argument)?.[1];
      if (!condition) throw misspelt(line, '<!-- transcript: attack on lesson-01 -->');
      return { kind: word, condition };
    }
    case 'output': {
      const script = /^php (\S+\.php)$/.exec(argument)?.[1];
      if (script) return { kind: word, of: 'php', file: { path: script, name: undefined } };
      const condition = /^tests on ([\w-]+)$/.exec(argument)?.[1];
      if (!condition) {
        throw misspelt(line, '<!-- output: tests on lesson-01 --> or <!-- output: php ./a.php -->');
      }
      return { kind: word, of: 'tests', condition };
    }
  }
  if (Object.hasOwn(WORDS, word)) {
    const kind = word as keyof typeof WORDS;
    if (!argument) throw misspelt(line, `<!-- ${kind}: ${WORDS[kind]} -->`);
    return { kind, argument };
  }
  const kind = BARE.find((each) => each === word);
  if (kind && argument) throw misspelt(line, `<!-- ${kind} -->`);
  return kind && { kind };
}

function readDiff(argument: string): Marker {
  if (!argument) return { kind: 'diff', from: undefined, to: undefined };
  const [first, second, ...rest] = argument.split(/\s+with\s+/);
  if (rest.length > 0 || first === undefined)
    throw misspelt(argument, '<!-- diff: a.ts with b.ts -->');
  if (second === undefined) {
    return { kind: 'diff', from: undefined, to: readReference(first, 'diff') };
  }
  return { kind: 'diff', from: readReference(first, 'diff'), to: readReference(second, 'diff') };
}

function readReference(argument: string, kind: string): Reference {
  const parts = /^([^\s#]+)(?:#([\w-]+))?$/.exec(argument);
  if (!parts?.[1]) throw misspelt(argument || '(nothing)', `<!-- ${kind}: ./sessions.ts#read -->`);
  return { path: parts[1], name: parts[2] };
}

function misspelt(found: string, form: string): Error {
  return new Error(`cannot understand "${found.trim()}"; the form is ${form}`);
}

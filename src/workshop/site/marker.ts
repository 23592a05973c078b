/** Markers: the comments above fences that say what a fence contains. */

/** A file as a marker names it: relative to the page, one of its declarations or all of it. */
export interface Reference {
  path: string;
  /** The declaration's name. */
  name: string | undefined;
}

export type Marker =
  | { kind: 'code'; file: Reference }
  | { kind: 'diff'; from: Reference | undefined; to: Reference | undefined }
  | { kind: 'transcript'; condition: string }
  | { kind: 'output'; of: 'tests'; condition: string }
  | { kind: 'output'; of: 'php'; file: Reference }
  | { kind: 'text'; reason: string }
  | { kind: 'heading' }
  | { kind: 'neighbours' }
  | { kind: 'proves' }
  | { kind: 'wrong' }
  | { kind: 'picture'; name: string }
  | { kind: 'numbers'; of: string }
  | { kind: 'costs'; of: string }
  | { kind: 'requirements'; of: string }
  | { kind: 'holds'; claim: string };

const KINDS = [
  'code',
  'diff',
  'transcript',
  'output',
  'text',
  'heading',
  'neighbours',
  'proves',
  'wrong',
  'picture',
  'numbers',
  'costs',
  'requirements',
  'holds',
] as const;

/** Markers that put a fence below themselves; the others write up to `<!-- end -->`. */
export function yieldsFence(marker: Marker): boolean {
  return ['code', 'diff', 'transcript', 'output', 'text'].includes(marker.kind);
}

/** A comment on a separate line: `<!-- code: ./sessions.ts#read -->`. */
const COMMENT = /^\s*<!--\s*([a-z]+)\s*(?::\s*(.*?))?\s*-->\s*$/;

/** Reads a line as a marker; an error has the form that it must have. */
export function readMarker(line: string): Marker | undefined {
  const comment = COMMENT.exec(line);
  const kind = KINDS.find((each) => each === comment?.[1]);
  if (!comment || !kind) return undefined;
  const argument = comment[2] ?? '';
  switch (kind) {
    case 'code':
      return { kind, file: readReference(argument, kind) };
    case 'diff':
      return readDiff(argument);
    case 'transcript': {
      const condition = /^attack on ([\w-]+)$/.exec(argument)?.[1];
      if (!condition) throw misspelt(line, '<!-- transcript: attack on lesson-01 -->');
      return { kind, condition };
    }
    case 'output': {
      const script = /^php (\S+\.php)$/.exec(argument)?.[1];
      if (script) return { kind, of: 'php', file: { path: script, name: undefined } };
      const condition = /^tests on ([\w-]+)$/.exec(argument)?.[1];
      if (!condition) {
        throw misspelt(line, '<!-- output: tests on lesson-01 --> or <!-- output: php ./a.php -->');
      }
      return { kind, of: 'tests', condition };
    }
    case 'text':
      if (!argument) throw misspelt(line, '<!-- text: why it is typed by hand -->');
      return { kind, reason: argument };
    case 'picture':
      if (!argument) throw misspelt(line, '<!-- picture: trace -->');
      return { kind, name: argument };
    case 'numbers':
      if (!argument) throw misspelt(line, '<!-- numbers: lesson-05 lesson-06 -->');
      return { kind, of: argument };
    case 'costs':
      if (!argument) throw misspelt(line, '<!-- costs: store -->');
      return { kind, of: argument };
    case 'requirements':
      if (!argument) throw misspelt(line, '<!-- requirements: faults -->');
      return { kind, of: argument };
    case 'holds':
      if (!argument) throw misspelt(line, '<!-- holds: lesson-10 cpu < lesson-09 cpu -->');
      return { kind, claim: argument };
    default:
      if (argument) throw misspelt(line, `<!-- ${kind} -->`);
      return { kind };
  }
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

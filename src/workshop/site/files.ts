/** The markers that run nothing: files, declarations, diffs and lists. */
import { readFileSync } from 'node:fs';
import { dirname, extname, join, sep } from 'node:path';
import { structuredPatch } from 'diff';
import { type Lesson, readWrongClass, root, shown } from '../course/catalogue.ts';
import { lessonBefore } from '../course/promises.ts';
import { declaredNames, readDeclaration } from './declarations.ts';
import type { Reference } from './marker.ts';
import { block, type Page, type Yield } from './page.ts';
import { table } from './table.ts';

const LANGUAGES: Record<string, string> = {
  '.ts': 'ts',
  '.mjs': 'js',
  '.php': 'php',
  '.sql': 'sql',
  '.py': 'python',
  '.c': 'c',
  '.json': 'json',
  '.css': 'css',
  '.html': 'html',
  '.sh': 'sh',
  '.txt': 'text',
};

/** A file or one of its declarations, as a fence; an error names the declarations that it has. */
export function yieldCode(reference: Reference, page: Page): Yield {
  const path = locate(reference, page);
  return {
    kind: 'fence',
    language: LANGUAGES[extname(path)] ?? 'text',
    text: readCode(path, reference.name, []),
  };
}

/**
 * The difference between two files or declarations, without file names and line numbers: what
 * encloses each hunk is named in their place.
 *
 * @param from - The older; by default the class of the lesson before, and there the same name.
 * @param to - The newer; by default the class of this lesson.
 * @throws Error when the two do not differ, or the page is not a lesson's and names only one.
 */
export function yieldDiff(
  from: Reference | undefined,
  to: Reference | undefined,
  page: Page,
  lessons: Lesson[],
): Yield {
  const newer = to ? locate(to, page) : lessonOf(page, lessons).files.class;
  const older = from ? locate(from, page) : classBefore(page, lessons);
  const name = from?.name ?? to?.name;
  const oldText = from ? readCode(older, name, lessons) : readCodeIfThere(older, name, lessons);
  const newText = readCode(newer, to?.name ?? from?.name, lessons);
  if (oldText === newText) {
    throw new Error(`${shown(older)} and ${shown(newer)} do not differ here`);
  }
  return { kind: 'fence', language: 'diff', text: drawDiff(oldText, newText) };
}

/** The names of the tests a lesson introduces, as a list. */
export function yieldProofs(page: Page, lessons: Lesson[]): Yield {
  const { proves, files } = lessonOf(page, lessons);
  if (proves.length === 0) throw new Error(`${shown(files.data)} proves nothing`);
  return block(proves.map((name) => `- ${name}`).join('\n'));
}

/** A lesson's wrong fixes: each with the test that catches it and, folded below, its diff. */
export function yieldWrongFixes(page: Page, lessons: Lesson[]): Yield {
  const lesson = lessonOf(page, lessons);
  if (lesson.wrong.length === 0) throw new Error(`${shown(lesson.directory)} has no wrong fixes`);
  const before = readFileSync(lesson.files.class, 'utf8').trimEnd();
  const rows: string[][] = [];
  const folded: string[] = [];
  for (const fix of lesson.wrong) {
    const file = shown(fix.patch, lesson.directory);
    rows.push([`\`${file}\``, fix.idea, fix.caughtBy]);
    const difference = drawDiff(before, readWrongClass(lesson, fix).trimEnd());
    folded.push(
      `<details><summary><code>${file}</code></summary>\n\n\`\`\`diff\n${difference}\n\`\`\`\n\n</details>`,
    );
  }
  const list = table(['file', 'what it tries', 'caught by'], rows);
  return block([list, ...folded].join('\n\n'));
}

/** The lesson in whose folder a page is. */
export function lessonOf(page: Page, lessons: Lesson[]): Lesson {
  const lesson = lessons.find(({ directory }) => page.path.startsWith(directory + sep));
  if (!lesson) throw new Error('this marker belongs on the page of a lesson');
  return lesson;
}

/** A unified diff without git's headers. */
export function drawDiff(oldText: string, newText: string): string {
  const oldLines = oldText.split('\n');
  const { hunks } = structuredPatch('', '', whole(oldText), whole(newText), '', '', {
    context: 3,
  });
  return hunks
    .flatMap((hunk, index) => {
      const place = enclosing(oldLines, hunk.oldStart - 1);
      const heading = place ? [`@@ ${place} @@`] : index > 0 ? ['@@ … @@'] : [];
      return [...heading, ...hunk.lines.filter((line) => !line.startsWith('\\'))];
    })
    .map((line) => line.trimEnd())
    .join('\n');
}

function whole(text: string): string {
  return text ? `${text}\n` : '';
}

/** The nearest line above that opens something at the margin or one step in. */
function enclosing(lines: string[], before: number): string | undefined {
  const line = lines
    .slice(0, Math.max(0, before))
    .findLast((each) => /^(?: {2})?[A-Za-z].*[{(]$/.test(each));
  return line?.trim().replace(/\s*[{(]$/, '');
}

function classBefore(page: Page, lessons: Lesson[]): string {
  const lesson = lessonOf(page, lessons);
  const before = lessonBefore(lessons, lesson);
  if (!before) throw new Error(`there is no lesson before ${lesson.slug}`);
  return before.files.class;
}

/** Finds the file that a marker names, within the project. */
export function locate(reference: Reference, page: Page): string {
  const path = join(dirname(page.path), reference.path);
  if (!path.startsWith(root + sep) && !path.startsWith(dirname(page.path) + sep)) {
    throw new Error(`${reference.path} is outside the project`);
  }
  return path;
}

function readCode(path: string, name: string | undefined, lessons: Lesson[]): string {
  const text = readCodeIfThere(path, name, lessons);
  if (text) return text;
  if (!name) throw new Error(`${shown(path)} is empty`);
  const names = [...new Set(declaredNames(readSource(path, lessons)))];
  const known = names.length > 0 ? `what it has is ${names.join(', ')}` : 'it has none';
  throw new Error(`${shown(path)} has nothing named "${name}"; ${known}`);
}

/** The text; `''` for a declaration that does not exist yet. */
function readCodeIfThere(path: string, name: string | undefined, lessons: Lesson[]): string {
  let source: string;
  try {
    source = readSource(path, lessons);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(`cannot read ${shown(path)}: ${code ?? message}`);
  }
  return name ? (readDeclaration(source, name) ?? '') : tidy(source);
}

/** A whole file, without white space at the ends of lines and without double blank lines. */
function tidy(source: string): string {
  return source
    .replace(/[ \t\r]+$/gm, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

/** The text of a file; of a wrong fix's patch, the class that it makes. */
function readSource(path: string, lessons: Lesson[]): string {
  for (const lesson of lessons) {
    const fix = lesson.wrong.find(({ patch }) => patch === path);
    if (fix) return readWrongClass(lesson, fix);
  }
  return readFileSync(path, 'utf8');
}

/**
 * The lessons as the folders hold them: one place that knows what a lesson consists of.
 *
 * The folder is the truth. package.json's conditions, the runner, the matrix, the lab and the
 * site all ask here, and nothing else lists lessons.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { applyTo, lessonFolders, lessonsFolder, madeFile, patchFiles } from './patches.mjs';

/** The project's folder, with a trailing slash removed. */
export const root: string = fileURLToPath(new URL('../../..', import.meta.url)).replace(
  /[/\\]$/,
  '',
);

/** The learner's one file. */
export const minePath: string = join(root, 'lessons/mine/sessions.ts');

export type Kind = 'page' | 'port' | 'fix' | 'grow';

/** A plausible fix that is wrong, and the one test that must say so. */
export interface WrongFix {
  /** `wrong-02-null`, the condition under which `#sessions` is this file. */
  condition: string;
  /** Absolute path of the class, made from the patch by the set-up. */
  path: string;
  /** Absolute path of the patch on the lesson's class. */
  patch: string;
  /** The name in the patch's first line: `caught by: "…"`. */
  caughtBy: string;
  /** Why the fix looks right and is not: the lines between the first one and the hunks. */
  idea: string;
  /**
   * True where the file keeps the article's own line: in a port lesson the attack breaches this
   * class, because the class of the lesson before has no such method yet.
   */
  article: boolean;
}

export interface Lesson {
  number: number;
  /** Two digits, as folders and conditions write it. */
  label: string;
  /** The folder's name: `02-read`. */
  slug: string;
  /** `lesson-02`. */
  condition: string;
  /** The walkthrough's title, without its number. */
  title: string;
  /** Absolute path of the folder. */
  directory: string;
  kind: Kind;
  /** Names of the tests this lesson introduces. */
  proves: string[];
  /** Older tests that this lesson's promise replaces, each with its reason. */
  retires: { test: string; why: string }[];
  /** Earlier lessons whose promise this one keeps as well, so that theirs can no longer be missed. */
  covers: { lesson: string; why: string }[];
  /** Tools beside Node that the lesson's programs want. */
  needs: ('mysql' | 'php' | 'memcached' | 'python' | 'cc')[];
  wrong: WrongFix[];
  /** Absolute paths; undefined where the lesson has no such file. */
  files: {
    readme: string;
    class: string;
    php: string | undefined;
    test: string | undefined;
    attack: string | undefined;
    hints: string | undefined;
    /** Takes the lesson's change out of the last class again. */
    undo: string | undefined;
    schema: string | undefined;
  };
}

interface LessonFile {
  kind: Kind;
  proves: string[];
  retires: { test: string; why: string }[];
  covers: Lesson['covers'];
  needs: Lesson['needs'];
}

/** Every lesson, in order. Throws with the folder's name when a lesson is incomplete. */
export function readLessons(directory: string = lessonsFolder): Lesson[] {
  return lessonFolders(directory).map(readLesson);
}

/** The lesson with this number, or an error that lists those that exist. */
export function findLesson(lessons: Lesson[], wanted: string | number): Lesson {
  const number = /^(?:lesson-)?(\d{1,2})$/.exec(String(wanted))?.[1];
  const found = lessons.find(
    (lesson) => lesson.number === Number(number) || lesson.slug === wanted,
  );
  if (found) return found;
  const list = lessons.map((lesson) => `  ${lesson.label}  ${lesson.title}`).join('\n');
  throw new RangeError(`There is no lesson "${wanted}". There are:\n${list}`);
}

/** The table a class of this lesson works on: the newest schema.sql at or before it. */
export function schemaFor(lessons: Lesson[], number: number): string {
  const lesson = lessons.findLast((each) => each.number <= number && each.files.schema);
  if (!lesson?.files.schema) throw new Error(`No lesson at or before ${number} has a schema.sql`);
  return readFileSync(lesson.files.schema, 'utf8');
}

/**
 * Reads the class that a wrong fix makes of its lesson's class.
 *
 * @throws Error that names the patch, when it does not apply.
 */
export function readWrongClass(lesson: Lesson, { patch }: WrongFix): string {
  const applied = applyTo(lesson.files.class, patch, 'make the mistake in');
  if ('problem' in applied) throw new Error(applied.problem);
  return applied.text;
}

/** package.json's `#sessions` conditions, as the folders ask for them. */
export function conditions(lessons: Lesson[]): Record<string, string> {
  const relative = (path: string) => `./${path.slice(root.length + 1).replaceAll('\\', '/')}`;
  return {
    types: './src/workshop/sandbox/contract.ts',
    mine: relative(minePath),
    ...Object.fromEntries(
      lessons.flatMap((lesson) => [
        [lesson.condition, relative(lesson.files.class)],
        ...lesson.wrong.map((wrong) => [wrong.condition, relative(wrong.path)]),
      ]),
    ),
    default: './src/workshop/bench/no-lesson.ts',
  };
}

function readLesson(directory: string): Lesson {
  const slug = basename(directory);
  const label = slug.slice(0, 2);
  const optional = (name: string) => {
    const path = join(directory, name);
    return existsSync(path) ? path : undefined;
  };
  const required = (name: string) => {
    const path = optional(name);
    if (!path) throw new Error(`lessons/${slug} has no ${name}`);
    return path;
  };
  const readme = required('README.md');
  const { kind, proves, retires, covers, needs } = readLessonFile(required('lesson.json'), slug);
  return {
    number: Number(label),
    label,
    slug,
    condition: `lesson-${label}`,
    title: readTitle(readme, slug),
    directory,
    kind,
    proves,
    retires,
    covers,
    needs,
    wrong: patchFiles(directory).map((patch) => parseWrongFix(patch, label)),
    files: {
      readme,
      class: required('sessions.ts'),
      php: optional('sessions.php'),
      test: kind === 'page' ? undefined : required('sessions.test.ts'),
      attack: optional('attack.ts'),
      hints: optional('hints.md'),
      undo: optional('undo.patch'),
      schema: optional('schema.sql'),
    },
  };
}

function readLessonFile(path: string, slug: string): LessonFile {
  const read = JSON.parse(readFileSync(path, 'utf8')) as Partial<LessonFile>;
  if (!read.kind || !['page', 'port', 'fix', 'grow'].includes(read.kind)) {
    throw new Error(`lessons/${slug}/lesson.json: kind must be page, port, fix or grow`);
  }
  return {
    kind: read.kind,
    proves: read.proves ?? [],
    retires: read.retires ?? [],
    covers: read.covers ?? [],
    needs: read.needs ?? [],
  };
}

/** The front matter's `title: "2. Read"`, without the number. */
function readTitle(readme: string, slug: string): string {
  const title = /^---\n(?:.*\n)*?title:\s*"?(?:\d+\.\s*)?(.+?)"?\n/.exec(
    readFileSync(readme, 'utf8'),
  )?.[1];
  if (!title) throw new Error(`lessons/${slug}/README.md has no title in its front matter`);
  return title;
}

function parseWrongFix(patch: string, label: string): WrongFix {
  const [, caughtBy, idea] =
    /^caught by: "(.+)"\n(?:([\s\S]*?)\n)?(?:diff --git|--- )/.exec(readFileSync(patch, 'utf8')) ??
    [];
  if (!caughtBy) {
    throw new Error(`${patch}: the first line must be caught by: "name of the test"`);
  }
  const stem = basename(patch, '.patch');
  return {
    condition: `wrong-${label}-${stem}`,
    path: madeFile(patch),
    patch,
    caughtBy,
    idea: idea?.trim().replaceAll('\n', ' ') ?? '',
    article: stem.startsWith('article'),
  };
}

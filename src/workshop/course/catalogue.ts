/**
 * The lessons as data, read from their folders.
 *
 * The folders are the only source. package.json's conditions, the runner, the matrix, the lab and the site
 * use this module; nothing else lists lessons or knows a path inside their folder.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { applyTo, lessonFolders, lessonsFolder, madeFile, patchFiles } from './patches.mjs';

/** The project's folder, without a slash at its end. */
export const root: string = dirname(lessonsFolder);

/** The learner's class. */
export const minePath: string = join(lessonsFolder, 'mine/sessions.ts');

/** Returns whether a class can be read: a folder, or a link to nowhere, may be in its place. */
export function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * Names a path or file URL as a reader knows it: relative to the project's folder, with slashes.
 */
export function shown(path: string, folder: string = root): string {
  const file = path.startsWith('file:') ? fileURLToPath(path.replace(/\?.*$/, '')) : path;
  return relative(folder, file).replaceAll('\\', '/');
}

type Kind = 'page' | 'port' | 'fix' | 'grow';

/** A plausible fix that is wrong, and the test that must fail on it. */
export interface WrongFix {
  /** `wrong-02-null`, the condition under which `#sessions` is this file. */
  condition: string;
  /** Absolute path of the class, made from the patch by the set-up. */
  path: string;
  /** Absolute path of the patch on the lesson's class. */
  patch: string;
  /** The name in the patch's first line: `caught by: "…"`. */
  caughtBy: string;
  /** Tests that may fail as well, from lines `may fail: "…"`: the mistake breaks their promise too. */
  mayFail: string[];
  /** Why the fix looks right and is not: the lines between the first one and the hunks. */
  idea: string;
  /**
   * True where the file keeps the article's own line: in a port lesson the attack breaches this
   * class, because the class of the lesson before has no such method yet.
   */
  article: boolean;
}

/** A lesson's difficulty in words, from 1 on. */
export const difficulties = { 1: 'easy', 2: 'medium', 3: 'hard' } as const;

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
  /** Absolute path of the project that the lesson belongs to. */
  project: string;
  kind: Kind;
  /** The minutes that a developer who is new to sessions needs, reading included. */
  minutes: number;
  /** 1 is easy, 3 is hard: see {@link difficulties}. */
  difficulty: 1 | 2 | 3;
  /** Names of the tests this lesson introduces. */
  proves: string[];
  /** Older tests that this lesson's promise replaces, each with its reason. */
  retires: { test: string; why: string }[];
  /** Earlier lessons whose promise this one keeps too, so that their change can be removed unnoticed. */
  covers: { lesson: string; why: string }[];
  /** Tools beside Node that the lesson's programs need. */
  needs: ('mysql' | 'php' | 'memcached' | 'python' | 'cc' | 'galera')[];
  wrong: WrongFix[];
  /** Absolute paths; undefined where the lesson has no such file. */
  files: {
    readme: string;
    data: string;
    class: string;
    php: string | undefined;
    test: string | undefined;
    attack: string | undefined;
    hints: string | undefined;
    /** The tests of the exercise without a solution. */
    extra: string | undefined;
    schema: string | undefined;
  };
}

/** The contents of lesson.json. */
type LessonFile = Pick<
  Lesson,
  'kind' | 'minutes' | 'difficulty' | 'proves' | 'retires' | 'covers' | 'needs'
>;

/**
 * Reads every lesson, in order.
 *
 * @throws Error that names the folder of an incomplete lesson.
 */
export function readLessons(directory: string = lessonsFolder): Lesson[] {
  return lessonFolders(directory).map(readLesson);
}

/** The name of a lesson, a class or a rule that does not exist; the message lists those that do. */
export class UnknownName extends RangeError {
  override name = 'UnknownName';
  /** That of a command that was called with it. */
  readonly exitCode = 2;
}

/** Finds a lesson by `3`, `03`, `lesson-03` or `03-write`. */
export function findLesson(lessons: readonly Lesson[], wanted: string | number): Lesson {
  const number = /^(?:lesson-)?(\d{1,2})$/.exec(String(wanted))?.[1];
  const found = lessons.find(
    (lesson) => lesson.number === Number(number) || lesson.slug === wanted,
  );
  if (found) return found;
  const list = lessons.map((lesson) => `  ${lesson.label}  ${lesson.title}`).join('\n');
  throw new UnknownName(`There is no lesson "${wanted}". There are:\n${list}`);
}

/** A class that `#sessions` can be. */
export interface ClassFile {
  /** `mine`, `lesson-03` or `wrong-02-null`. */
  condition: string;
  /** Absolute path. The learner's class may be missing. */
  path: string;
  /** The lesson it belongs to; undefined for the learner's class. */
  lesson?: Lesson;
  /** Set where the class is a wrong fix. */
  wrong?: WrongFix;
}

/** Finds a class by its condition, or by its lesson's number. */
export function findClass(lessons: readonly Lesson[], wanted: string): ClassFile {
  const classes = allClasses(lessons);
  const name = /^\d{1,2}$/.test(wanted) ? `lesson-${wanted.padStart(2, '0')}` : wanted;
  const found = classes.find(({ condition }) => condition === name);
  if (found) return found;
  const list = classes.map(({ condition }) => `  ${condition}`).join('\n');
  throw new UnknownName(`There is no class "${wanted}". There are:\n${list}`);
}

/** The learner's class, and each lesson's followed by its wrong fixes. */
export function allClasses(lessons: readonly Lesson[]): ClassFile[] {
  return [
    { condition: 'mine', path: minePath },
    ...lessons.flatMap((lesson) => [
      { condition: lesson.condition, path: lesson.files.class, lesson },
      ...lesson.wrong.map((wrong) => {
        return { condition: wrong.condition, path: wrong.path, lesson, wrong };
      }),
    ]),
  ];
}

/** Returns a file of a lesson's folder that most lessons do not have; fails without it. */
export function fileOf({ directory, project }: Lesson, name: string): string {
  const path = join(directory, name);
  if (existsSync(path)) return path;
  throw new Error(`${shown(directory, project)} has no ${name}`);
}

/**
 * Reads the class that a wrong fix makes of its lesson's class; fails when the patch does not
 * apply.
 */
export function readWrongClass(lesson: Lesson, { patch }: WrongFix): string {
  const applied = applyTo(lesson.files.class, patch, 'make the mistake in');
  if ('problem' in applied) throw new Error(applied.problem);
  return applied.text;
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
  const data = required('lesson.json');
  const promises = readLessonFile(data, slug);
  return {
    number: Number(label),
    label,
    slug,
    condition: `lesson-${label}`,
    title: readTitle(readme, slug),
    directory,
    project: join(directory, '../..'),
    ...promises,
    wrong: patchFiles(directory).map((patch) => parseWrongFix(patch, label)),
    files: {
      readme,
      data,
      class: required('sessions.ts'),
      php: optional('sessions.php'),
      test: promises.kind === 'page' ? undefined : required('sessions.test.ts'),
      attack: optional('attack.ts'),
      hints: optional('hints.md'),
      extra: optional('extra.test.ts'),
      schema: optional('schema.sql'),
    },
  };
}

function readLessonFile(path: string, slug: string): LessonFile {
  let read: Partial<LessonFile>;
  try {
    read = JSON.parse(readFileSync(path, 'utf8')) as Partial<LessonFile>;
  } catch (error) {
    throw new Error(`lessons/${slug}/lesson.json is not JSON: ${(error as Error).message}`);
  }
  const refusal = (key: 'kind' | 'minutes' | 'difficulty', rule: string): Error =>
    new Error(
      `lessons/${slug}/lesson.json: ${key} must be ${rule}; got ${JSON.stringify(read[key])}`,
    );
  if (!read.kind || !['page', 'port', 'fix', 'grow'].includes(read.kind)) {
    throw refusal('kind', 'page, port, fix or grow');
  }
  const { minutes, difficulty } = read;
  if (minutes === undefined || !Number.isInteger(minutes) || minutes < 1) {
    throw refusal('minutes', 'a whole number, 1 or more');
  }
  if (difficulty === undefined || !(difficulty in difficulties)) {
    throw refusal('difficulty', '1, 2 or 3');
  }
  return {
    kind: read.kind,
    minutes,
    difficulty,
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
  const [, caughtBy, others = '', idea] =
    /^caught by: "(.+)"\n((?:may fail: ".+"\n)*)(?:([\s\S]*?)\n)?(?:diff --git|--- )/.exec(
      readFileSync(patch, 'utf8'),
    ) ?? [];
  if (!caughtBy) {
    throw new Error(`${patch}: the first line must be caught by: "name of the test"`);
  }
  const stem = basename(patch, '.patch');
  return {
    condition: `wrong-${label}-${stem}`,
    path: madeFile(patch),
    patch,
    caughtBy,
    mayFail: [...others.matchAll(/"(.+)"/g)].map(([, name = '']) => name),
    idea: idea?.trim().replaceAll('\n', ' ') ?? '',
    article: stem.startsWith('article'),
  };
}

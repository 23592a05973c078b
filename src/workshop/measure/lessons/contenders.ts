/** The contenders of the lessons' benchmark, and how each is served. */
import { fileURLToPath } from 'node:url';
import { fileOf, findLesson, type Lesson } from '../../course/catalogue.ts';
import { schemaFor } from '../../course/tables.ts';
import type { PhpFpm } from '../../machine/php-fpm.ts';
import type { PageOrder } from '../../sandbox/page-program.ts';
import { pageProgram } from '../../sandbox/server.ts';
import { type Served, serveNode } from '../contender.ts';
import { counterPage, servePhp } from '../php-server.ts';

/** The options with which a contender is served. */
interface ServeOrder {
  databaseUrl: string;
  /** False turns off PHP's garbage collection, which would add statements at random. */
  sweeps: boolean;
  clients: number;
}

/** A page that is measured. */
export interface Contender {
  name: string;
  /** Its title in the table. */
  label: string;
  /** The SQL for its table; undefined when it creates the table itself or needs none. */
  schemaSql: string | undefined;
  serve(order: ServeOrder): Promise<Served>;
}

/** The first lesson with a page. */
const FIRST = 5;

/** The lesson whose class exists in PHP as well. */
const TWIN = 23;

/** The first lesson whose class can serve two requests at once. */
const SHARED = 6;

/** PHP's contenders; a run without PHP lists them as missing. */
export const phpNames = ['php-files', 'php-article', 'php-twin'] as const;

/** Names all contenders, in the order of the table. */
export function contenderNames(lessons: readonly Lesson[]): string[] {
  return [...served(lessons).map(({ condition }) => condition), ...phpNames, 'express'];
}

/**
 * Lists the contenders that can be served here.
 *
 * @param php - php-fpm and nginx; undefined when they cannot be obtained.
 */
export function findContenders(lessons: Lesson[], php: PhpFpm | undefined): Contender[] {
  const ofLessons = served(lessons).map(
    (lesson): Contender => ({
      name: lesson.condition,
      label: `${lesson.label} ${lesson.title}`,
      schemaSql: schemaFor(lessons, lesson.number),
      serve: (order) => serveLesson(lesson, order),
    }),
  );
  const express: Contender = {
    name: 'express',
    label: 'express-session in MySQL',
    schemaSql: undefined,
    serve: ({ databaseUrl }) =>
      serveNode(fileURLToPath(new URL('express-page.ts', import.meta.url)), [], {
        DATABASE_URL: databaseUrl,
      }),
  };
  return [...ofLessons, ...(php ? phpContenders(lessons, php) : []), express];
}

function served(lessons: readonly Lesson[]): Lesson[] {
  return lessons.filter(({ number }) => number >= FIRST);
}

/** A class that can only serve one request at a time gets a process for each client, as in PHP. */
async function serveLesson(lesson: Lesson, order: ServeOrder): Promise<Served> {
  const { databaseUrl, sweeps, clients } = order;
  const page: PageOrder = { classFile: lesson.files.class, settings: sweepSettings(sweeps) };
  const processes: Served[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(processes.map((each) => each.close()));
  };
  try {
    while (processes.length < (lesson.number < SHARED ? clients : 1)) {
      processes.push(
        await serveNode(pageProgram, [JSON.stringify(page)], { DATABASE_URL: databaseUrl }),
      );
    }
  } catch (error) {
    await close();
    throw error;
  }
  const [ports, pids] = [processes.flatMap((it) => it.ports), processes.flatMap((it) => it.pids)];
  return { ports, pids, close };
}

function phpContenders(lessons: Lesson[], php: PhpFpm): Contender[] {
  const article = findLesson(lessons, FIRST);
  const twin = findLesson(lessons, TWIN);
  return [
    {
      name: 'php-files',
      label: 'PHP, sessions in files',
      schemaSql: undefined,
      serve: ({ sweeps, clients }) =>
        servePhp(php, {
          script: counterPage,
          variables: {},
          settings: sweepSettings(sweeps),
          workers: clients,
        }),
    },
    {
      name: 'php-article',
      label: 'PHP, the article’s class',
      schemaSql: schemaFor(lessons, FIRST),
      serve: ({ databaseUrl, sweeps, clients }) =>
        servePhp(php, {
          script: counterPage,
          variables: { DATABASE_URL: databaseUrl, SESSIONS: String(article.files.php) },
          settings: sweepSettings(sweeps),
          workers: clients,
        }),
    },
    {
      name: 'php-twin',
      label: 'PHP, the class of lesson 23',
      schemaSql: schemaFor(lessons, TWIN),
      serve: ({ databaseUrl, sweeps, clients }) =>
        servePhp(php, {
          script: fileOf(twin, 'page.php'),
          variables: { DATABASE_URL: databaseUrl, SESSION_PASSWORDS: passwords },
          settings: sweepSettings(sweeps),
          workers: clients,
        }),
    },
  ];
}

/** A benchmark's seals keep no secret. */
const passwords = JSON.stringify({ 1: 'known to everyone who reads this' });

/** PHP's default is garbage collection in one request of a hundred. */
function sweepSettings(sweeps: boolean): Record<string, string> {
  return sweeps ? {} : { 'session.gc_probability': '0' };
}

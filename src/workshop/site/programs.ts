/** Runs the programs whose output pages show: attacks, tests, PHP scripts, and those of pictures. */
import { readFileSync } from 'node:fs';
import { createConnection } from 'mysql2/promise';
import { runTests, type TestResult } from '../bench/tests.ts';
import { findLesson, type Lesson, root, shown } from '../course/catalogue.ts';
import { lessonBefore } from '../course/promises.ts';
import { schemaFor } from '../course/tables.ts';
import { type DatabaseServer, obtainServer, type Schema } from '../machine/database/server.ts';
import { type Matrix, runMatrix } from '../matrix/run.ts';
import { openWasmPhp } from '../oracle/wasm.ts';
import { type Comparisons, readComparisons } from './comparisons.ts';
import { lessonOf } from './files.ts';
import type { Page, Yield } from './page.ts';
import { drawBetween } from './pictures/between.ts';
import { boardPictures } from './pictures/board.ts';
import { drawDifferences, drawSequences, drawTotals, drawValues } from './pictures/comparisons.ts';
import { drawCrawl } from './pictures/crawl.ts';
import { drawFormats, drawLetters } from './pictures/format.ts';
import { drawMatrix } from './pictures/matrix.ts';
import { drawRow } from './pictures/row.ts';
import { drawStory } from './pictures/story.ts';
import { drawTrace } from './pictures/trace.ts';
import { drawTricks } from './pictures/tricks.ts';
import { drawMeeting } from './record-cache.ts';
import { drawTwoClocks } from './record-clocks.ts';
import { drawCrowd } from './record-crowd.ts';
import { drawTwoKeys } from './record-keys.ts';
import type { Recorded } from './record-page.ts';
import { drawDoubleClick, drawLostClick, drawWaitingClick } from './record-races.ts';
import { drawSignIn } from './record-sign-in.ts';
import { type Recording, recordStories } from './record-stories.ts';
import { drawStrategy } from './record-strategies.ts';
import { recordVisits } from './record-visits.ts';
import type { Programs } from './source.ts';
import { stories } from './stories.ts';
import { attackRunner, type ShownAttack } from './transcripts.ts';

export interface RunningPrograms extends Programs {
  /** Gives back the database server. */
  close(): Promise<void>;
}

/** Pages show the same numbers on every run. */
const SEED = '1';

/** The last class that still has the article's shape. */
const RECORDED = 5;

/**
 * Obtains a database server for the programs of pages.
 *
 * @param attacks - Attacks that run together.
 */
export async function startPrograms(
  lessons: Lesson[],
  progress: (line: string) => void,
  attacks: readonly ShownAttack[] = [],
): Promise<RunningPrograms> {
  const server = await obtainServer({ progress });
  const attack = attackRunner(attacks, lessons, server, SEED);
  let compared: Promise<Comparisons> | undefined;
  const comparisons = (): Promise<Comparisons> => {
    compared ??= readComparisons(progress);
    return compared;
  };
  let recorded: Promise<Map<string, Recording>> | undefined;
  const story = async (name: string): Promise<Yield> => {
    recorded ??= recordStories(stories);
    return drawStory((await recorded).get(name) as Recording);
  };
  const withSchema = async (draw: (schema: Schema) => Promise<Yield>): Promise<Yield> => {
    const schema = await server.createSchema('weave');
    try {
      return await draw(schema);
    } finally {
      await schema.drop();
    }
  };
  /** Gives a recording the class of a lesson and a schema with its empty table. */
  const withTable = async (
    { number, condition }: Lesson,
    draw: (recorded: Recorded) => Promise<Yield>,
  ): Promise<Yield> => {
    return await withSchema(async ({ url }) => {
      const connection = await createConnection({ uri: url, multipleStatements: true });
      await connection.query(schemaFor(lessons, number));
      await connection.end();
      return await draw({ condition, databaseUrl: url });
    });
  };
  /** Draws the class that the page's lesson starts from. */
  const before =
    (draw: (recorded: Recorded) => Promise<Yield>) =>
    async (page: Page): Promise<Yield> => {
      const lesson = lessonBefore(lessons, lessonOf(page, lessons));
      if (!lesson) throw new Error('there is no lesson before this one');
      return await withTable(lesson, draw);
    };
  /** Draws the class that the page's lesson arrives at. */
  const after =
    (draw: (recorded: Recorded) => Promise<Yield>) =>
    async (page: Page): Promise<Yield> =>
      await withTable(lessonOf(page, lessons), draw);
  const transcript = async (lesson: Lesson, condition: string): Promise<string> => {
    progress(`attack of lesson ${lesson.label} on ${condition} …`);
    const { verdict, because, transcript } = await attack({ lesson, condition });
    if (verdict === 'failed') throw new Error(`the attack on ${condition} broke: ${because}`);
    return withoutPlace(transcript.join('\n'));
  };
  const pictures: Record<string, (page: Page) => Promise<Yield>> = {
    matrix: async () => {
      return drawMatrix(lessons, await matrixOf(lessons, server, progress));
    },
    ...boardPictures,
    letters: drawLetters,
    formats: drawFormats,
    row: () => drawRow('row'),
    'row of an object': () => drawRow('row of an object'),
    sequences: async (page) => drawTotals(await comparisons(), page),
    'sequences by function': async () => drawSequences(await comparisons(), 'functions'),
    'sequences by request': async () => drawSequences(await comparisons(), 'requests'),
    'sequences by save handler': async () => drawSequences(await comparisons(), 'save handlers'),
    'sequences by answer': async () => {
      return drawSequences(await comparisons(), 'what a callback answers');
    },
    'sequences by setting': async () => drawSequences(await comparisons(), 'settings'),
    values: async () => drawValues(await comparisons()),
    ...Object.fromEntries(
      Object.keys(stories).map((name) => [`calls for ${name}`, () => story(name)]),
    ),
    differences: async () => drawDifferences(await comparisons()),
    'ids of uniqid': async () => drawBetween(),
    'two first saves': before(drawDoubleClick),
    'a lost click': before(drawLostClick),
    'a click that waits': after(drawWaitingClick),
    'a crowd at the pool': before(drawCrowd),
    'a crowd that queues': after(drawCrowd),
    'a sign-in': after(drawSignIn),
    'two keys': after(drawTwoKeys),
    'a census in pages': async () => drawCrawl(),
    'a reader and a writer meet': async (page) => {
      const lesson = lessonOf(page, lessons);
      const draw = ({ databaseUrl }: Recorded) => drawMeeting(lesson.files.class, databaseUrl);
      return await withTable(lesson, draw);
    },
    'two clocks': before(drawTwoClocks),
    ...Object.fromEntries(
      (['merge', 'lock', 'lease', 'row', 'none'] as const).map((strategy) => {
        const draw = ({ url }: Schema) => drawStrategy(strategy, url);
        return [`two requests under ${strategy}`, () => withSchema(draw)];
      }),
    ),
    tricks: async (page) => {
      const lesson = lessonOf(page, lessons);
      const older = lessonBefore(lessons, lesson) ?? lesson;
      return drawTricks(
        await transcript(lesson, older.condition),
        await transcript(lesson, lesson.condition),
      );
    },
    trace: async () => {
      return await withTable(findLesson(lessons, RECORDED), async ({ condition, databaseUrl }) =>
        drawTrace(await recordVisits(condition, databaseUrl)),
      );
    },
  };
  return {
    transcript,
    async tests(lesson, condition) {
      progress(`tests of lesson ${lesson.label} on ${condition} …`);
      const lessonNumber = numberOf(condition);
      const run = { lessons: [lesson], condition, lessonNumber, server, seed: SEED };
      const results = await runTests(run);
      return withoutPlace(results.flatMap(tellResult).join('\n'));
    },
    async php(path) {
      progress(`${shown(path)} in PHP …`);
      const php = await openWasmPhp();
      try {
        const printed = await php.run(readFileSync(path, 'utf8'));
        return printed.toString('utf8').trimEnd();
      } finally {
        php.close();
      }
    },
    async picture(name, page) {
      const draw = pictures[name];
      if (draw) return await draw(page);
      const known = Object.keys(pictures).join('; ');
      throw new Error(`there is no picture "${name}". There are: ${known}`);
    },
    close: () => server.close(),
  };
}

/** The matrix; `npm test` has run it already and names the file of its results. */
async function matrixOf(
  lessons: Lesson[],
  server: DatabaseServer,
  progress: (line: string) => void,
): Promise<Matrix> {
  const path = process.env['WORKSHOP_MATRIX'];
  if (path) return JSON.parse(readFileSync(path, 'utf8')) as Matrix;
  progress('the matrix …');
  return await runMatrix({ lessons, server });
}

/** `lesson-03` and `wrong-03-null` both work on the table of lesson 3. */
function numberOf(condition: string): number {
  return Number(/^\w+-(\d+)/.exec(condition)?.[1]);
}

function tellResult({ passed, name, message, expected, actual }: TestResult): string[] {
  if (passed) return [`✔ ${name}`];
  const why =
    expected === undefined ? message.split('\n', 1)[0] : `expected ${expected}, got ${actual}`;
  return [`✘ ${name}`, `    ${why}`];
}

/** Removes the project's folder from the paths in a program's output. */
function withoutPlace(text: string): string {
  return text.replaceAll(`${root}/`, '').trimEnd();
}

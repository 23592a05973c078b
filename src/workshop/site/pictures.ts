/** The pictures of pages, by the names that their markers use. */
import { readFileSync } from 'node:fs';
import { findLesson, type Lesson } from '../course/catalogue.ts';
import { lessonBefore } from '../course/promises.ts';
import type { DatabaseServer } from '../machine/database/server.ts';
import { type Matrix, runMatrix } from '../matrix/run.ts';
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
import { drawAfter, drawBefore, drawInSchema, drawOnTable } from './recordings.ts';
import type { Programs } from './source.ts';
import { stories } from './stories.ts';

/** Everything that pictures are made of. */
interface Materials {
  lessons: Lesson[];
  server: DatabaseServer;
  progress: (line: string) => void;
  transcript: Programs['transcript'];
}

type Pictures = Readonly<Record<string, (page: Page) => Promise<Yield>>>;

/** The last class that still has the article's shape. */
const RECORDED = 5;

/** Lists every picture; drawing one runs the programs that it needs. */
export function picturesOf(materials: Materials): Pictures {
  return {
    ...matrixPictures(materials),
    letters: drawLetters,
    formats: drawFormats,
    row: () => drawRow('row'),
    'row of an object': () => drawRow('row of an object'),
    'ids of uniqid': async () => drawBetween(),
    'a census in pages': async () => drawCrawl(),
    ...boardPictures,
    ...comparisonPictures(materials.progress),
    ...storyPictures(),
    ...recordedPictures(materials),
  };
}

/** The pictures of attacks and tests on the lessons' classes. */
function matrixPictures({ lessons, server, progress, transcript }: Materials): Pictures {
  return {
    matrix: async () => drawMatrix(lessons, await matrixOf(lessons, server, progress)),
    tricks: async (page) => {
      const lesson = lessonOf(page, lessons);
      const older = lessonBefore(lessons, lesson) ?? lesson;
      return drawTricks(
        await transcript(lesson, older.condition),
        await transcript(lesson, lesson.condition),
      );
    },
  };
}

/** The pictures of the comparison with PHP, which is read once. */
function comparisonPictures(progress: Materials['progress']): Pictures {
  let compared: Promise<Comparisons> | undefined;
  const comparisons = (): Promise<Comparisons> => {
    compared ??= readComparisons(progress);
    return compared;
  };
  const sequences = (subject: string) => async () => drawSequences(await comparisons(), subject);
  return {
    sequences: async (page) => drawTotals(await comparisons(), page),
    'sequences by function': sequences('functions'),
    'sequences by request': sequences('requests'),
    'sequences by save handler': sequences('save handlers'),
    'sequences by answer': sequences('what a callback answers'),
    'sequences by setting': sequences('settings'),
    values: async () => drawValues(await comparisons()),
    differences: async () => drawDifferences(await comparisons()),
  };
}

/** The calls of each story; all stories are recorded together, once. */
function storyPictures(): Pictures {
  let recorded: Promise<Map<string, Recording>> | undefined;
  const story = async (name: string): Promise<Yield> => {
    recorded ??= recordStories(stories);
    return drawStory((await recorded).get(name) as Recording);
  };
  return Object.fromEntries(
    Object.keys(stories).map((name) => [`calls for ${name}`, () => story(name)]),
  );
}

/** The pictures that record a class or a store at work on a table. */
function recordedPictures(materials: Materials): Pictures {
  const { lessons, server } = materials;
  type Draw = (recorded: Recorded) => Promise<Yield>;
  const before = (draw: Draw) => (page: Page) => drawBefore(materials, page, draw);
  const after = (draw: Draw) => (page: Page) => drawAfter(materials, page, draw);
  const strategies = (['merge', 'lock', 'lease', 'row', 'none'] as const).map((strategy) => {
    const draw = () => drawInSchema(server, ({ url }) => drawStrategy(strategy, url));
    return [`two requests under ${strategy}`, draw] as const;
  });
  return {
    'two first saves': before(drawDoubleClick),
    'a lost click': before(drawLostClick),
    'a click that waits': after(drawWaitingClick),
    'a crowd at the pool': before(drawCrowd),
    'a crowd that queues': after(drawCrowd),
    'a sign-in': after(drawSignIn),
    'two keys': after(drawTwoKeys),
    'two clocks': before(drawTwoClocks),
    'a reader and a writer meet': async (page) => {
      const lesson = lessonOf(page, lessons);
      const draw = ({ databaseUrl }: Recorded) => drawMeeting(lesson.files.class, databaseUrl);
      return await drawOnTable(materials, lesson, draw);
    },
    ...Object.fromEntries(strategies),
    trace: async () => {
      const draw = async ({ condition, databaseUrl }: Recorded) =>
        drawTrace(await recordVisits(condition, databaseUrl));
      return await drawOnTable(materials, findLesson(lessons, RECORDED), draw);
    },
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

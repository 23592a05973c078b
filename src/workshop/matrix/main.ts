/** The command: `npm run matrix`. */
import { writeFileSync } from 'node:fs';
import { findLesson, readLessons, UnknownName } from '../course/catalogue.ts';
import { exitCodeOf, progress, readOptions, requireFolder } from '../machine/command.ts';
import { withServer } from '../machine/database/with-server.ts';
import { RULES } from './observed.ts';
import { runMatrix } from './run.ts';
import { drawMatrix } from './table.ts';

const usage = `The red/green matrix: every class on every test, every wrong fix, every attack.

  --lesson N   only what lesson N promises
  --rule N     only what rule N is about
  --brief      each wrong fix on its own lesson's tests, not on all older ones too
  --json       the whole matrix as JSON
  --save FILE  the table here, and the JSON in FILE as well
  --help       this text

Exits with 1 when a rule is broken, and with 2 for an invalid command line.`;

async function main(): Promise<number> {
  const { values } = readOptions('npm run matrix', {
    options: {
      json: { type: 'boolean', default: false },
      save: { type: 'string' },
      lesson: { type: 'string' },
      rule: { type: 'string' },
      brief: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  requireFolder(values.save);
  const lessons = readLessons();
  const only = values.lesson === undefined ? undefined : findLesson(lessons, values.lesson);
  const rule = RULES.find((each) => String(each) === values.rule);
  if (values.rule !== undefined && rule === undefined) {
    throw new UnknownName(`There is no rule "${values.rule}": the rules are 1 to ${RULES.length}.`);
  }
  const { brief } = values;
  return await withServer({ progress }, async (server, signal) => {
    const matrix = await runMatrix({
      lessons,
      only,
      rule,
      brief,
      server,
      signal,
      onProgress: progress,
    });
    if (values.save !== undefined) writeFileSync(values.save, JSON.stringify(matrix));
    console.log(values.json ? JSON.stringify(matrix, null, 2) : drawMatrix(lessons, matrix));
    return matrix.broken.length === 0 ? 0 : 1;
  });
}

process.exitCode = await exitCodeOf(main);

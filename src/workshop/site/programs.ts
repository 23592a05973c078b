/** Runs the programs whose output pages show: attacks, tests, PHP scripts, and those of pictures. */
import { readFileSync } from 'node:fs';
import { runTests, type TestResult } from '../bench/tests.ts';
import { type Lesson, root, shown } from '../course/catalogue.ts';
import { obtainServer } from '../machine/database/server.ts';
import { withWasmPhp } from '../oracle/wasm.ts';
import { picturesOf } from './pictures.ts';
import type { Programs } from './source.ts';
import { attackRunner, type ShownAttack } from './transcripts.ts';

export interface RunningPrograms extends Programs {
  /** Gives back the database server. */
  close(): Promise<void>;
}

/** Pages show the same numbers on every run. */
const SEED = '1';

/** Obtains a database server for the programs of pages. */
export async function startPrograms(
  lessons: Lesson[],
  progress: (line: string) => void,
  attacks: readonly ShownAttack[] = [],
): Promise<RunningPrograms> {
  const server = await obtainServer({ progress });
  const attack = attackRunner(attacks, lessons, server, SEED);
  const transcript = async (lesson: Lesson, condition: string): Promise<string> => {
    progress(`attack of lesson ${lesson.label} on ${condition} …`);
    const { verdict, because, transcript } = await attack({ lesson, condition });
    if (verdict === 'failed') throw new Error(`the attack on ${condition} broke: ${because}`);
    return withoutPlace(transcript.join('\n'));
  };
  const pictures = picturesOf({ lessons, server, progress, transcript });
  return {
    transcript,
    async tests(lesson, condition) {
      progress(`tests of lesson ${lesson.label} on ${condition} …`);
      const lessonNumber = numberOf(condition);
      const run = { lessons: [lesson], condition, lessonNumber, server, seed: SEED };
      const results = await runTests(run);
      return withoutPlace(results.flatMap(describeResult).join('\n'));
    },
    async php(path) {
      progress(`${shown(path)} in PHP …`);
      const printed = await withWasmPhp((php) => php.run(readFileSync(path, 'utf8')));
      return printed.toString('utf8').trimEnd();
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

/** `lesson-03` and `wrong-03-null` both work on the table of lesson 3. */
function numberOf(condition: string): number {
  return Number(/^\w+-(\d+)/.exec(condition)?.[1]);
}

function describeResult({ passed, name, message, expected, actual }: TestResult): string[] {
  if (passed) return [`✔ ${name}`];
  const why =
    expected === undefined ? message.split('\n', 1)[0] : `expected ${expected}, got ${actual}`;
  return [`✘ ${name}`, `    ${why}`];
}

/** Removes the project's folder from the paths in a program's output. */
function withoutPlace(text: string): string {
  return text.replaceAll(`${root}/`, '').trimEnd();
}

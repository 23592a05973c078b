/** The runner's command lines, and the lesson and the class that they name. */
import type { ParseArgsConfig } from 'node:util';
import {
  type ClassFile,
  findClass,
  findLesson,
  type Lesson,
  minePath,
  shown,
} from '../course/catalogue.ts';
import { requireInside } from '../course/folder.ts';
import { hasMine, rememberedLesson } from '../course/mine.ts';
import { readOptions, WrongCall } from '../machine/command.ts';
import type { Terminal } from './terminal.ts';

/** One of the runner's commands. */
export interface Command {
  name: string;
  /** The text that `--help` prints. */
  help: string;
  /** Its own options; every command has `--help` and `--json` as well. */
  options: Record<string, { type: 'boolean' | 'string' }>;
  /** The number of words it takes besides its options. */
  words: number;
  /** Returns the exit code. */
  run(call: Call): Promise<number> | number;
}

/** A command line, parsed. */
export interface Call {
  terminal: Terminal;
  lessons: Lesson[];
  /** The arguments that are not options. */
  words: string[];
  flag(option: string): boolean;
  text(option: string): string | undefined;
}

/**
 * Parses the arguments of a command.
 *
 * @throws WrongCall that names the unknown option, the superfluous word, or an option that npm kept.
 */
export function readCommandLine(
  command: Command,
  args: string[],
): Pick<Call, 'words' | 'flag' | 'text'> {
  const options: Exclude<ParseArgsConfig['options'], undefined> = {
    ...command.options,
    help: { type: 'boolean', short: 'h' },
    json: { type: 'boolean' },
  };
  const { values, positionals: words } = readOptions(`npm run ${command.name}`, {
    args,
    options,
    allowPositionals: true,
  });
  const superfluous = words[command.words];
  if (superfluous !== undefined) {
    throw new WrongCall(
      `"${superfluous}" is one word too many. npm run ${command.name} -- --help says more.`,
    );
  }
  return {
    words,
    flag: (option) => values[option] === true,
    text: (option) => {
      const value = values[option];
      return typeof value === 'string' ? value : undefined;
    },
  };
}

/**
 * Finds the lesson on the command line, else the one begun last, else the first that has tests.
 *
 * @throws UnknownName with the list, for a lesson that does not exist.
 */
export function chosenLesson({ words, lessons, terminal }: Call): Lesson {
  const [word] = words;
  if (word !== undefined) return findLesson(lessons, word);
  const remembered = rememberedLesson(lessons);
  if (remembered) return remembered;
  const first = lessons.find((lesson) => lesson.files.test);
  if (!first) throw new WrongCall('No lesson has tests.');
  terminal.say(`No lesson was begun yet: this is about the first, ${first.label} ${first.title}.`);
  return first;
}

/**
 * Finds a class that can be run.
 *
 * @param name - Its condition; the learner's class if left out.
 * @param remedy - Follows the sentence that the learner has no class yet.
 * @throws WrongCall when the learner has no class, UnknownName with the list for an unknown one.
 */
export function existingClass(
  lessons: Lesson[],
  name = 'mine',
  remedy = 'npm run lesson 1 makes one.',
): ClassFile {
  const found = findClass(lessons, name);
  if (found.condition !== 'mine') return found;
  if (hasMine()) {
    requireInside(minePath);
    return found;
  }
  throw new WrongCall(`You have no class yet (${shown(minePath)}). ${remedy}`);
}

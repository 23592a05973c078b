/** The lessons, in order. */
import { rememberedLesson } from '../../course/mine.ts';
import type { Call, Command } from '../usage.ts';

export const list: Command = {
  name: 'list',
  words: 0,
  options: {},
  help: `Lists the lessons.

  npm run lesson -- --list
  npm run lesson -- --list --json`,
  run: listLessons,
};

/**
 * Prints the lessons; an arrow is at the one begun last.
 *
 * @param call - The command line.
 * @returns 0.
 */
export function listLessons({ lessons, terminal }: Call): number {
  const current = rememberedLesson(lessons);
  for (const each of lessons) {
    const tests = each.proves.length;
    const promise = tests === 0 ? 'a page to read' : `${tests} ${tests === 1 ? 'test' : 'tests'}`;
    const sign = each === current ? '→' : ' ';
    terminal.say(`${sign} ${each.label}  ${each.title.padEnd(30)} ${promise}`);
  }
  terminal.say(
    `\n${current ? `→ is where you are: npm run lesson ${current.number}` : 'begin with npm run lesson 1'}` +
      ' · npm run check shows what your class has proved',
  );
  terminal.answer({
    current: current?.label ?? null,
    lessons: lessons.map(({ label, slug, title, kind, proves }) => {
      return { label, slug, title, kind, proves };
    }),
  });
  return 0;
}

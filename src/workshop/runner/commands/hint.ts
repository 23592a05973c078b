/** `npm run hint`: a ladder of hints on which the earlier ones stay visible. */
import { readFileSync } from 'node:fs';
import type { Lesson } from '../../course/catalogue.ts';
import { hintsUsed, recordHints } from '../../course/progress.ts';
import { renderMarkdown, sections } from '../markdown.ts';
import type { Terminal } from '../terminal.ts';
import { type Command, chosenLesson } from '../usage.ts';

export const hint: Command = {
  name: 'hint',
  words: 1,
  options: { all: { type: 'boolean' } },
  help: `Gives the next hint, below those you have seen already.

  npm run hint                the lesson you began last
  npm run hint 3
  npm run hint -- 3 --all     every hint at once
  npm run hint -- --json`,
  run(call) {
    const lesson = chosenLesson(call);
    const more = `npm run hint ${lesson.number}`;
    const found = printHints(lesson, call.terminal, more, call.flag('all'));
    call.terminal.answer({ lesson: lesson.label, ...found });
    return 0;
  },
};

/**
 * Prints a lesson's hints up to the next one.
 *
 * @param more - Brings the hint after that: `press h again`.
 * @param all - True to print every hint.
 * @returns The printed hints, and the number of hints that the lesson has.
 */
export function printHints(
  lesson: Lesson,
  terminal: Terminal,
  more: string,
  all = false,
): { hints: { title: string; text: string }[]; of: number } {
  const every = lesson.files.hints ? sections(readFileSync(lesson.files.hints, 'utf8')) : [];
  const of = every.length;
  if (of === 0) {
    terminal.say(`Lesson ${lesson.label} has no hints; it is a page to read.`);
    return { hints: [], of };
  }
  const before = Math.min(hintsUsed(lesson), of);
  const count = all ? of : Math.min(before + 1, of);
  const hints = every.slice(0, count);
  for (const { title, text } of hints) {
    terminal.say(terminal.paint('bold', title));
    terminal.say(`${renderMarkdown(text, terminal)}\n`);
  }
  terminal.say(
    `hint ${count} of ${of} · ${count < of ? `${more} for the next` : 'that was the last'}`,
  );
  const trouble = count === before ? undefined : recordHints(lesson, count);
  if (trouble) terminal.complain(trouble);
  return { hints, of };
}

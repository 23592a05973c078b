/** A lesson's hints: a ladder on which earlier rungs stay in sight. */
import { readFileSync } from 'node:fs';
import type { Lesson } from '../course/catalogue.ts';
import { hintsShown, remember } from '../course/mine.ts';
import { renderMarkdown, sections } from './markdown.ts';
import type { Terminal } from './terminal.ts';

export interface Hints {
  /** The hints so far, the newest last. */
  hints: { title: string; text: string }[];
  /** How many the lesson has. */
  of: number;
  /** Why the position could not be remembered, when it could not. */
  trouble: string | undefined;
}

/**
 * Goes one rung up the ladder.
 *
 * @param lesson - The lesson.
 * @param all - True to show every hint.
 * @returns All hints up to here; none for a lesson without hints.
 */
export function nextHint(lesson: Lesson, all = false): Hints {
  const every = lesson.files.hints ? sections(readFileSync(lesson.files.hints, 'utf8')) : [];
  const before = Math.min(hintsShown(lesson), every.length);
  const shown = all ? every.length : Math.min(before + 1, every.length);
  const trouble = shown === before ? undefined : remember({ hints: [lesson, shown] });
  return { hints: every.slice(0, shown), of: every.length, trouble };
}

/**
 * Prints the hints so far.
 *
 * @param lesson - The lesson.
 * @param found - Its hints.
 * @param terminal - Where to.
 * @param more - What brings the next one: `press h again`.
 */
export function printHints(lesson: Lesson, found: Hints, terminal: Terminal, more: string): void {
  if (found.of === 0) {
    terminal.say(`Lesson ${lesson.label} has no hints; it is a page to read.`);
    return;
  }
  for (const { title, text } of found.hints) {
    terminal.say(terminal.paint('bold', title));
    terminal.say(`${renderMarkdown(text, terminal)}\n`);
  }
  const left = found.of - found.hints.length;
  const rest = left > 0 ? `${more} for the next` : 'that was the last';
  terminal.say(`hint ${found.hints.length} of ${found.of} · ${rest}`);
  if (found.trouble) terminal.complain(found.trouble);
}

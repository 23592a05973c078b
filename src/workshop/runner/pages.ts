/** What a lesson asks of the learner, taken from its walkthrough. */
import { readFileSync } from 'node:fs';
import { type Lesson, minePath, shown } from '../course/catalogue.ts';
import { renderMarkdown, section } from './markdown.ts';
import type { Terminal } from './terminal.ts';

/**
 * A lesson's task and where to work on it.
 *
 * @param lesson - The lesson.
 * @param terminal - Gives width and colours.
 * @returns Lines.
 */
export function turn(lesson: Lesson, terminal: Terminal): string[] {
  const page = readFileSync(lesson.files.readme, 'utf8');
  const task = section(page, 'Your turn') ?? page;
  const lines = ['', terminal.paint('bold', `${lesson.label} ${lesson.title}`), ''];
  lines.push(renderMarkdown(task, terminal), '');
  if (lesson.files.test) {
    lines.push(`open  ${terminal.paint('cyan', `${shown(minePath)}:${classLine()}`)}`);
  }
  lines.push(`read  ${terminal.paint('cyan', shown(lesson.files.readme))}`);
  return lines;
}

/** The line on which the learner's class begins. */
function classLine(): number {
  try {
    const lines = readFileSync(minePath, 'utf8').split('\n');
    return lines.findIndex((line) => /\bclass\s/.test(line)) + 1 || 1;
  } catch {
    return 1;
  }
}

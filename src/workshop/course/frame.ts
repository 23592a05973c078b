/**
 * The frame of a lesson's page: its heading, and links to the pages before and after.
 *
 * A reader of the repository needs them on the page itself. The lab and the site draw their own, and
 * take the text without its frame.
 */
import { difficulties, type Lesson } from './catalogue.ts';
import { lessonAfter, lessonBefore } from './promises.ts';

/** The heading of a lesson's page, with its time, its difficulty and its neighbours. */
export function headingOf(lesson: Lesson, lessons: readonly Lesson[]): string {
  const { number, title, minutes, difficulty, kind } = lesson;
  const effort = kind === 'page' ? 'a page to read' : difficulties[difficulty];
  return [
    `# ${number}. ${title}`,
    `${minutes} minutes · ${effort}`,
    neighboursOf(lesson, lessons),
  ].join('\n\n');
}

/** Links to the page before, to the list of all lessons, and to the page after. */
export function neighboursOf(lesson: Lesson, lessons: readonly Lesson[]): string {
  const [before, after] = [lessonBefore(lessons, lesson), lessonAfter(lessons, lesson)];
  const link = ({ slug }: Lesson, words: string): string => `[${words}](../${slug}/README.md)`;
  return [
    ...(before ? [link(before, `← ${before.number}. ${before.title}`)] : []),
    '[All lessons](../../README.md#for-the-learner)',
    ...(after ? [link(after, `${after.number}. ${after.title} →`)] : []),
  ].join(' · ');
}

/** A lesson's page without its front matter and its frame. */
export function withoutFrame(page: string): string {
  return page
    .replace(/^---\r?\n.*?\r?\n---\r?\n/s, '')
    .replaceAll(/<!-- (?:heading|neighbours) -->\r?\n[\s\S]*?<!-- end -->\r?\n?/g, '');
}

/** The steps of a lesson's page, which an instructor shows one by one. */
import { readFileSync } from 'node:fs';
import type { Lesson } from '../course/catalogue.ts';
import { withoutFrame } from '../course/frame.ts';
import { lessonBefore } from '../course/promises.ts';
import { lessonToPlay } from './methods.ts';

export interface Step {
  /** As the address has it. */
  name: 'before' | 'attack' | 'idea' | 'your-turn' | 'solution' | 'proof' | 'beyond';
  /** As the lesson's page heads it. */
  heading: string;
}

/** In the order of every lesson. */
export const STEPS: readonly [Step, ...Step[]] = [
  { name: 'before', heading: 'Before' },
  { name: 'attack', heading: 'Attack' },
  { name: 'idea', heading: 'Idea' },
  { name: 'your-turn', heading: 'Your turn' },
  { name: 'solution', heading: 'Solution' },
  { name: 'proof', heading: 'Proof' },
  { name: 'beyond', heading: 'Beyond' },
];

/** The steps that a lesson's page has: the article's page has nothing to solve. */
export function stepsOf(lesson: Lesson): readonly Step[] {
  return lesson.kind === 'page' ? STEPS.filter(({ name }) => name !== 'solution') : STEPS;
}

/** Finds a step by its name in an address; without a name, the first one. */
export function findStep(name: string | undefined): Step {
  if (name === undefined || name === '') return STEPS[0];
  const found = STEPS.find((step) => step.name === name);
  if (found) return found;
  const known = STEPS.map((step) => step.name).join(', ');
  throw new RangeError(`There is no step "${name}". There are: ${known}.`);
}

/**
 * The condition of the class that a step begins with: before the idea, a class that the attack
 * breaches.
 */
export function classAt(lesson: Lesson, lessons: Lesson[], { name }: Step): string {
  const own = lessonToPlay(lesson, lessons).condition;
  if (name !== 'before' && name !== 'attack') return own;
  if (lesson.kind === 'port') {
    const article = lesson.wrong.find((wrong) => wrong.article);
    return name === 'attack' && article ? article.condition : own;
  }
  const before = lessonBefore(lessons, lesson);
  return lesson.kind === 'page' || !before ? own : before.condition;
}

/**
 * The condition of the class that a lesson's page opens with: the class that the page's text attacks,
 * so that the first press of the button agrees with the text.
 */
export function classBefore(lesson: Lesson, lessons: Lesson[]): string {
  if (!lesson.files.attack) return lessonToPlay(lesson, lessons).condition;
  return classAt(lesson, lessons, findStep('attack'));
}

/**
 * Reads the text under a step's heading on a lesson's page.
 *
 * @returns The text; for the attack, `outcome` begins with the transcript, which a page folds so that
 *   it can be predicted.
 */
export function readStep(
  { files }: Lesson,
  { name, heading }: Step,
): { text: string; outcome: string } {
  const [, ...sections] = withoutFrame(readFileSync(files.readme, 'utf8')).split(/^## /m);
  const section = sections.find((each) => each.startsWith(`${heading}\n`)) ?? '';
  const text = section.slice(heading.length).trim();
  const cut = name === 'attack' ? text.indexOf('<!-- transcript') : -1;
  return cut < 0 ? { text, outcome: '' } : { text: text.slice(0, cut), outcome: text.slice(cut) };
}

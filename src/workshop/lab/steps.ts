/** The steps of a lesson's page, which an instructor shows one by one. */
import { readFileSync } from 'node:fs';
import type { Lesson } from '../course/catalogue.ts';
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

/** The lines by which a page folds its solution. */
const FOLD = /^<\/?details>/;

/** The steps that a lesson's page has: the article's page has nothing to solve. */
export function stepsOf(lesson: Lesson): readonly Step[] {
  return lesson.kind === 'page' ? STEPS.filter(({ name }) => name !== 'solution') : STEPS;
}

/** A piece of a lesson's text; an answer is hidden until it is asked for. */
export interface Passage {
  markdown: string;
  /** The button that reveals it; undefined for a passage that is always visible. */
  answer: string | undefined;
}

/**
 * Finds a step by its name in an address; without a name, the first one.
 *
 * @throws RangeError that lists the steps.
 */
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

/** Everything below a front matter. */
export function splitFrontMatter(text: string): string {
  return text.replace(/^---\r?\n.*?\r?\n---\r?\n/s, '');
}

/**
 * Reads the text under a step's heading on a lesson's page, with the answers separate.
 *
 * @param whole - True to leave the solution folded as a whole, as the page has it.
 */
export function readPassages(lesson: Lesson, { name, heading }: Step, whole = false): Passage[] {
  const text = splitFrontMatter(readFileSync(lesson.files.readme, 'utf8'));
  const blocks = splitBlocks(text);
  const from = blocks.indexOf(`## ${heading}`);
  const length = blocks.slice(from + 1).findIndex((block) => block.startsWith('## '));
  const section = (
    from < 0 ? [] : blocks.slice(from + 1, length < 0 ? undefined : from + 1 + length)
  )
    // A single step's page has one level of headings less above these than the whole walkthrough.
    .map((block) => (whole ? block : block.replace(/^###(?=#* )/, '##')));
  if (name === 'attack') return hideOutcome(section);
  if (whole) return [{ markdown: section.join('\n\n'), answer: undefined }];
  // The page folds its solution as a whole; here each piece of code is an answer by itself.
  const own = name === 'solution' ? section.filter((block) => !FOLD.test(block)) : section;
  return join(own.map((markdown) => ({ markdown, answer: answerIn(markdown) })));
}

/** Hides the transcript and all that follows it, so that the outcome can be predicted. */
function hideOutcome(blocks: string[]): Passage[] {
  const found = blocks.findIndex((block) => block.startsWith('<!-- transcript'));
  const outcome = found < 0 ? blocks.length : found;
  const parts: Passage[] = [
    { markdown: blocks.slice(0, outcome).join('\n\n'), answer: undefined },
    { markdown: blocks.slice(outcome).join('\n\n'), answer: 'What happens, and why' },
  ];
  return parts.filter(({ markdown }) => markdown !== '');
}

/** Joins visible passages into one text: a list may continue after a blank line. */
function join(passages: Passage[]): Passage[] {
  const joined: Passage[] = [];
  for (const passage of passages) {
    const last = joined.at(-1);
    if (last && last.answer === undefined && passage.answer === undefined) {
      last.markdown += `\n\n${passage.markdown}`;
    } else joined.push(passage);
  }
  return joined;
}

function answerIn(block: string): string | undefined {
  const code = /^<!-- code: \.\/sessions\.ts(?:#([\w-]+))? /.exec(block);
  if (code) return code[1] === undefined ? 'The code' : `The code: ${code[1]}`;
  return block.startsWith('<!-- diff') ? 'The difference' : undefined;
}

/** Paragraphs, headings and fences; a marker and the fence below it are one block. */
function splitBlocks(text: string): string[] {
  const blocks: string[] = [];
  let block: string[] = [];
  let fence: string | undefined;
  const end = () => {
    if (block.length > 0) blocks.push(block.join('\n'));
    block = [];
  };
  for (const line of text.split(/\r?\n/)) {
    const mark = /^(?:`{3,}|~{3,})/.exec(line)?.[0];
    if (fence !== undefined) {
      block.push(line);
      if (mark?.startsWith(fence)) {
        fence = undefined;
        end();
      }
    } else if (line.trim() === '') {
      end();
    } else {
      if (mark) fence = mark;
      block.push(line);
    }
  }
  end();
  return blocks;
}

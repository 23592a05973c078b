/** The learner's view of a lesson: its task, then one failure or one line of success, then a step. */
import { readFileSync } from 'node:fs';
import type { TestResult } from '../bench/tests.ts';
import { type Lesson, minePath, shown } from '../course/catalogue.ts';
import { withoutFrame } from '../course/frame.ts';
import { progress } from '../course/progress.ts';
import { lessonAfter } from '../course/promises.ts';
import { beginsClass } from '../sandbox/location.ts';
import type { Location } from '../sandbox/report.ts';
import { renderMarkdown, sections } from './markdown.ts';
import { failures, isGreen, type Proof } from './proof.ts';
import type { Terminal } from './terminal.ts';
import type { TypeProblem } from './types-service.ts';

/** The watcher's keys, as its prompt names them. */
export const keys = 'h hint · d diff · a attack · r run · n next · q quit';

/** A lesson's task from its walkthrough, and the files to open and to read, as lines. */
export function describeTask(lesson: Lesson, terminal: Terminal): string[] {
  const page = withoutFrame(readFileSync(lesson.files.readme, 'utf8'));
  const task = sections(page).find(({ title }) => title === 'Your turn')?.text ?? page;
  const place = (path: string) => terminal.paint('cyan', path);
  return [
    '',
    terminal.paint('bold', `${lesson.label} ${lesson.title}`),
    '',
    renderMarkdown(task, terminal),
    '',
    ...(lesson.files.test ? [`open  ${place(`${shown(minePath)}:${classLine()}`)}`] : []),
    `read  ${place(shown(lesson.files.readme))}`,
  ];
}

/** The line on which the learner's class begins. */
function classLine(): number {
  try {
    const lines = readFileSync(minePath, 'utf8').split('\n');
    return lines.findIndex(beginsClass) + 1 || 1;
  } catch {
    return 1;
  }
}

/** A result whose location is named as a reader knows it, for JSON. */
export function readable(result: TestResult): TestResult {
  const { location } = result;
  return location ? { ...result, location: { ...location, file: shown(location.file) } } : result;
}

/** A failure with the place to look at, as lines. */
export function describeResult(result: TestResult, { paint }: Terminal): string[] {
  const { reason } = result;
  const name =
    reason === 'import'
      ? 'the class cannot be loaded'
      : reason === 'missing'
        ? 'the tests cannot run: a program is missing'
        : result.name;
  const lines = [paint('red', `✘ ${result.lesson} ${name}`)];
  const compared = result.expected !== undefined && result.actual !== undefined;
  if (!compared || !/^Expected /.test(result.message)) {
    lines.push(...result.message.split('\n').map((line) => `  ${line}`));
  }
  if (compared) lines.push(`  expected ${result.expected}`, `  got      ${result.actual}`);
  const place = placeInClass(result);
  if (place) {
    const { file, line, method, isLastCall } = place;
    const call = method ? ` ${method}()${isLastCall ? ', called last' : ''}` : '';
    lines.push(`  ${paint('cyan', `${shown(file)}:${line}`)}${call}`);
  }
  return lines;
}

/** The place to look at; undefined for a line of the test, which says nothing about the mistake. */
function placeInClass({ location }: TestResult): Location | undefined {
  return location?.file.endsWith('.test.ts') ? undefined : location;
}

/** The most red tests of older lessons that are named. */
const mostNames = 4;

/**
 * Describes the older lessons in one line, `lessons 01–06 ✔ 41 tests`, and names their red tests.
 */
export function describeOlder(proof: Proof, { paint }: Terminal): string | undefined {
  const labels = proof.older.map(({ lesson }) => lesson);
  const [first, last] = [labels[0], labels.at(-1)];
  if (first === undefined) return undefined;
  const name = first === last ? `lesson ${first}` : `lessons ${first}–${last}`;
  const red = failures(proof.older);
  const total = count(labels.length, 'test');
  if (red.length === 0) return `${name} ${paint('green', '✔')} ${total}`;
  const perhaps = failures(proof.current).length > 0 ? ', perhaps from the same mistake' : '';
  const more = red.length - mostNames;
  return [
    `${name} ${paint('red', '✘')} ${red.length} of ${total} red${perhaps}`,
    ...red.slice(0, mostNames).map((result) => `  ${result.lesson} ${result.name}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ].join('\n');
}

/** Describes the first failure and the step that fixes it, by a key if `watching`. */
export function describeRed(proof: Proof, terminal: Terminal, watching: boolean): string[] {
  const { lesson, current, older, attack } = proof;
  const own = failures(current)[0];
  const first = own ?? failures(older)[0];
  const lines: string[] = [];
  if (first) {
    lines.push(...describeResult(first, terminal));
    if (!own) lines.push(`  an older promise: lesson ${lesson.label}'s own tests are green`);
  } else if (!isGreen(proof)) {
    const known = new Set(current.map(({ name }) => name));
    const missing = lesson.proves.filter((name) => !known.has(name));
    lines.push(terminal.paint('red', `✘ ${lesson.label} did not run: ${missing.join('; ')}`));
  } else if (attack && attack.verdict !== 'held') {
    const what = attack.verdict === 'breached' ? 'breached your class' : 'broke off';
    lines.push(terminal.paint('red', `✘ ${lesson.label} the attack ${what}`));
    lines.push(`  ${attack.because}`);
    if (attack.location) lines.push(`  ${shown(attack.location.file)}:${attack.location.line}`);
  }
  if (lines.length > 0) lines.push(`  next: ${nextStep(proof, first, watching)}`);
  return lines;
}

/**
 * Describes the first type error of the class. With green tests it is why the lesson is not done.
 */
export function describeTypes(proof: Proof, terminal: Terminal, watching: boolean): string[] {
  const { lesson, types = [] } = proof;
  const lines = describeProblems(types, terminal);
  if (lines.length === 0 || !isGreen(proof)) return lines;
  const again = watching ? 'save' : `run npm run lesson ${lesson.number} again`;
  return [
    terminal.paint(
      'red',
      `✘ ${lesson.label} is not done: the tests are green, but TypeScript reports an error`,
    ),
    ...lines,
    `  next: fix the type, then ${again}`,
  ];
}

/** Describes the first type error and counts the others, as lines. */
export function describeProblems([first, ...more]: TypeProblem[], { paint }: Terminal): string[] {
  if (!first) return [];
  const others = more.length === 0 ? '' : ` and ${count(more.length, 'other')}`;
  const [sentence, ...details] = first.message.split('\n');
  return [
    `  type error at ${paint('cyan', `${shown(first.file)}:${first.line}`)}${others}: ${sentence}`,
    ...details.map((line) => `  ${line}`),
  ];
}

/** Describes a lesson that is done, and what can be done with it now. */
export function describeDone(
  { lesson, condition, current, older, attack }: Proof,
  lessons: readonly Lesson[],
  { paint }: Terminal,
  watching: boolean,
): string[] {
  const next = lessonAfter(lessons, lesson);
  const tests =
    older.length > 0
      ? `${current.length} new, ${older.length} old tests`
      : `${current.length} tests`;
  const go = next
    ? watching
      ? `press n for ${next.label}, or keep experimenting`
      : `next: npm run lesson ${next.number}`
    : 'that was the last lesson';
  const parts = [
    `${lesson.label} done`,
    tests,
    ...(attack ? [`attack: ${attack.verdict}`] : []),
    go,
  ];
  const lines = [paint('green', `✔ ${parts.join(' · ')}`)];
  if (condition !== 'mine') return lines;
  const diff = watching ? 'd' : 'npm run diff';
  const extra = lesson.files.extra
    ? ` · npm run extra ${lesson.number} tests one more exercise`
    : '';
  lines.push(paint('dim', `  ${diff} compares your methods with the lesson's${extra}`));
  if (!next) lines.push(...describeFinish(lessons));
  return lines;
}

/** Sums the workshop up after its last lesson, and leads to the lab's last page. */
function describeFinish(lessons: readonly Lesson[]): string[] {
  const entries = progress(lessons).filter(({ state }) => state !== 'page');
  const done = entries.filter(({ state }) => state === 'done').length;
  const hints = entries.reduce((sum, each) => sum + each.hints, 0);
  return [
    `  ${done} of ${count(entries.length, 'lesson')} done on this class, with ${count(hints, 'hint')}.`,
    '  npm start, then the page /finish/: every attack on your class, and your class beside the first port.',
  ];
}

function nextStep(
  { lesson, condition }: Proof,
  first: TestResult | undefined,
  watching: boolean,
): string {
  if (first?.reason === 'missing') return 'install it, or connect to the network, and try again';
  if (condition !== 'mine') return `the class ${condition} does not keep this promise`;
  const save = watching ? 'save' : `run npm run lesson ${lesson.number} again`;
  if (!first)
    return watching
      ? 'a shows the attack step by step'
      : `npm run attack ${lesson.number} shows it step by step`;
  if (first.lesson !== lesson.label) {
    return `make lesson ${first.lesson}'s promise good again, or see npm run catch-up ${lesson.number}; then ${save}`;
  }
  const help = watching ? 'h gives a hint' : 'npm run hint helps';
  switch (first.reason) {
    case 'not ported':
      return `write ${first.location?.method ? `${first.location.method}()` : 'the method'}, then ${save}; ${help}`;
    case 'import':
      return `fix that ${first.location ? 'line' : 'file'}, then ${save}`;
    case 'timeout':
      return `look for a loop or an await that never ends, then ${save}`;
    case 'exit':
      return `let the class return or throw instead of ending the process, then ${save}`;
    default:
      return placeInClass(first) && !first.location?.isLastCall
        ? `begin at that line, then ${save}; ${help}`
        : `find where your class breaks this promise, then ${save}; ${help}`;
  }
}

/** `1 test`, `2 tests`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

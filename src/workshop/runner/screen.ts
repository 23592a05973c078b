/** What the learner sees of a proof: one failure, or one line of success, and the next step. */

import type { TestResult } from '../bench/tests.ts';
import { type Lesson, shown } from '../course/catalogue.ts';
import { failures, isGreen, type Proof } from './proof.ts';
import type { Terminal } from './terminal.ts';

/** The keys of the watcher, as its prompt names them. */
export const keys = 'h hint · d diff · a attack · r run · n next · q quit';

/**
 * One failure, with the place to look at.
 *
 * @param result - The failure.
 * @param terminal - Gives colours.
 * @returns Lines.
 */
export function describeResult(result: TestResult, { paint }: Terminal): string[] {
  const name = result.reason === 'import' ? 'the class cannot be loaded' : result.name;
  const lines = [paint('red', `✘ ${result.lesson} ${name}`)];
  const compared = result.expected !== undefined && result.actual !== undefined;
  if (!compared || !/^Expected /.test(result.message)) lines.push(...sentences(result.message));
  if (compared) lines.push(`  expected ${result.expected}`, `  got      ${result.actual}`);
  if (result.location) {
    const { file, line, method } = result.location;
    lines.push(`  ${paint('cyan', `${shown(file)}:${line}`)}${method ? ` ${method}()` : ''}`);
  }
  return lines;
}

/**
 * The older lessons in one line.
 *
 * @param proof - The state.
 * @param terminal - Gives colours.
 * @returns `lessons 01–06 ✔ 41 tests`, or undefined when there are none.
 */
export function describeOlder(proof: Proof, { paint }: Terminal): string | undefined {
  const labels = proof.older.map(({ lesson }) => lesson);
  const [first, last] = [labels[0], labels.at(-1)];
  if (first === undefined) return undefined;
  const name = first === last ? `lesson ${first}` : `lessons ${first}–${last}`;
  const red = failures(proof.older).length;
  const total = labels.length;
  return red === 0
    ? `${name} ${paint('green', '✔')} ${count(total, 'test')}`
    : `${name} ${paint('red', '✘')} ${red} of ${count(total, 'test')} red`;
}

/**
 * Everything that is red, as one failure and the step that mends it.
 *
 * @param proof - The state.
 * @param terminal - Gives colours.
 * @param watching - True in the watcher, where keys can be pressed.
 * @returns Lines; none where nothing is red.
 */
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
 * How a lesson that is done came out, in one line.
 *
 * @param proof - The state.
 * @param next - The lesson after this one.
 * @param terminal - Gives colours.
 * @param watching - True in the watcher, where keys can be pressed.
 */
export function describeDone(
  { lesson, current, older, attack }: Proof,
  next: Lesson | undefined,
  { paint }: Terminal,
  watching: boolean,
): string {
  const tests =
    older.length > 0
      ? `${current.length} new, ${older.length} old tests`
      : `${current.length} tests`;
  const go = next
    ? watching
      ? `press n for ${next.label}, or keep experimenting`
      : `next: npm run lesson ${next.number}`
    : 'that was the last lesson; keep experimenting';
  const parts = [
    `${lesson.label} done`,
    tests,
    ...(attack ? [`attack: ${attack.verdict}`] : []),
    go,
  ];
  return paint('green', `✔ ${parts.join(' · ')}`);
}

function nextStep(
  { lesson, condition }: Proof,
  first: TestResult | undefined,
  watching: boolean,
): string {
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
      return `mend that line, then ${save}`;
    case 'timeout':
      return `look for a loop or an await that never ends, then ${save}`;
    case 'exit':
      return `let the class return or throw instead of ending the process, then ${save}`;
    default:
      return `begin at that line, then ${save}; ${help}`;
  }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** The compiler wraps its sentence into a heading and a path that the next line names anyway. */
function sentences(message: string): string[] {
  const syntax = /:\d+:\d+: ERROR: (.*)/.exec(message)?.[1];
  if (syntax !== undefined) return [`  Syntax error: ${syntax}`];
  return message.split('\n').map((line) => `  ${line}`);
}

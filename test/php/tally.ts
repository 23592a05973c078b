/** Counts what was compared, by what the sequences are about: the figures of a page. */
import {
  ASPECTS,
  type Aspect,
  type SequenceResults,
  type SequenceRow,
  type Tally,
} from '../../src/workshop/weave/comparisons.ts';
import type { Scenario, Step } from './steps.ts';

/** One sequence and what both sides made of it, made comparable. */
export interface Compared {
  readonly scenario: Scenario;
  readonly expected: readonly string[];
  readonly actual: readonly string[];
}

const KINDS: Record<Aspect, readonly string[]> = {
  callbacks: ['callback'],
  headers: ['headers'],
  answers: ['result', 'throws'],
  messages: ['message'],
  bytes: ['variables', 'file'],
};

const FORMS: Readonly<Record<string, string>> = {
  object: 'an object',
  unregistered: 'an object, not registered for shutdown',
  id: 'an object with create_sid',
  full: 'an object with every method',
  parent: 'a subclass of SessionHandler',
};

/**
 * Counts by subject. A sequence counts for every function it calls, every form of handler it sets.
 *
 * @param compared - The sequences.
 * @returns The groups of a table.
 */
export function tallyBySubject(compared: readonly Compared[]): SequenceResults['groups'] {
  const groups = new Map<string, Map<string, Compared[]>>(
    ['functions', 'save handlers', 'what a callback answers', 'settings'].map((title) => [
      title,
      new Map(),
    ]),
  );
  for (const each of compared) {
    for (const [title, subjects] of subjectsOf(each.scenario)) {
      const group = groups.get(title);
      for (const subject of subjects) group?.set(subject, [...(group.get(subject) ?? []), each]);
    }
  }
  return [...groups].map(([title, rows]) => ({
    title,
    rows: [...rows]
      .map(([subject, list]) => rowOf(subject, list))
      .sort((one, other) => (one.subject < other.subject ? -1 : 1)),
  }));
}

/**
 * Counts sequences that are equal in everything.
 *
 * @param compared - The sequences.
 */
export function tallyWhole(compared: readonly Compared[]): Tally {
  const equal = compared.filter(({ expected, actual }) => same(expected, actual)).length;
  return { compared: compared.length, equal };
}

function rowOf(subject: string, list: readonly Compared[]): SequenceRow {
  const tally = (aspect: Aspect): Tally => {
    const pairs = list
      .map(({ expected, actual }) => [only(expected, aspect), only(actual, aspect)] as const)
      .filter(([expected, actual]) => expected.length + actual.length > 0);
    const equal = pairs.filter(([expected, actual]) => same(expected, actual)).length;
    return { compared: pairs.length, equal };
  };
  const aspects = Object.fromEntries(ASPECTS.map((aspect) => [aspect, tally(aspect)]));
  return { subject, whole: tallyWhole(list), aspects: aspects as SequenceRow['aspects'] };
}

/** The entries of one kind; a page without headers has none to compare. */
function only(lines: readonly string[], aspect: Aspect): string[] {
  return lines.filter(
    (line) =>
      line !== '["headers",[]]' && KINDS[aspect].some((kind) => line.startsWith(`["${kind}"`)),
  );
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return one.join('\n') === other.join('\n');
}

function subjectsOf(scenario: Scenario): [title: string, subjects: Set<string>][] {
  const functions = new Set<string>();
  const forms = new Set<string>();
  const answers = new Set<string>();
  const settings = new Set<string>();
  const visit = (step: Step): void => {
    switch (step[0]) {
      case 'call': {
        const [, name, first] = step;
        functions.add(name === 'SID' ? 'SID' : `${name}()`);
        if (name === 'ini_set' || name === 'ini_get') settings.add(String(first));
        if (name === 'session_start' && typeof first === 'object' && first !== null) {
          for (const key of Object.keys(first))
            settings.add(key === 'read_and_close' ? key : `session.${key}`);
        }
        return;
      }
      case 'handler':
        functions.add('session_set_save_handler()');
        forms.add(FORMS[step[1].form] ?? `${step[1].form} callbacks`);
        for (const name of Object.keys(step[1].answers ?? {})) answers.add(`${name}()`);
        return;
      case 'later':
        functions.add('register_shutdown_function()');
        for (const each of step.slice(1)) visit(each as Step);
        return;
      default:
        functions.add('$_SESSION');
    }
  };
  for (const step of scenario.steps) visit(step);
  if (forms.size === 0 && functions.has('session_start()')) forms.add('files, PHP’s own');
  return [
    ['functions', functions],
    ['save handlers', forms],
    ['what a callback answers', answers],
    ['settings', settings],
  ];
}

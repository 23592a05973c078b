/** Counts what was compared, by what the sequences are about: the figures of a page. */

import { Settings } from '../../../src/php/session/settings.ts';
import {
  ASPECTS,
  type Aspect,
  type SequenceResults,
  type SequenceRow,
  type Tally,
} from '../../../src/workshop/site/comparisons.ts';
import type { Compared } from './compare.ts';
import type { Form, Scenario, Step } from './steps.ts';

const KINDS: Record<Aspect, readonly string[]> = {
  callbacks: ['callback'],
  headers: ['headers'],
  answers: ['result', 'throws'],
  messages: ['message'],
  bytes: ['variables', 'file'],
};

const FORMS: Readonly<Record<Form, string>> = {
  6: '6 callbacks',
  7: '7 callbacks',
  8: '8 callbacks',
  9: '9 callbacks',
  nulls: '9 callbacks, null for some',
  'nulls but v': '9 callbacks, null for some',
  'nulls but u': '9 callbacks, null for some',
  'nulls but cu': '9 callbacks, null for some',
  'nulls but vu': '9 callbacks, null for some',
  object: 'an object',
  unregistered: 'an object, not registered for shutdown',
  id: 'an object with create_sid',
  check: 'an object with validateId',
  touch: 'an object with updateTimestamp',
  'id check': 'an object with two of the optional methods',
  'id touch': 'an object with two of the optional methods',
  'check touch': 'an object with two of the optional methods',
  full: 'an object with every method',
  interfaces: 'an object with every interface',
  bare: 'SessionHandler itself',
  wrapped: 'an object around a SessionHandler',
  'wrapped-id': 'an object around a SessionHandler',
  parent: 'a subclass of SessionHandler',
  'parent-id': 'a subclass with create_sid',
  'parent-full': 'a subclass with every method',
};

/**
 * Counts by subject. A sequence counts for every function it calls, every form of handler it sets.
 *
 * @param compared - The sequences.
 * @returns The groups of a table.
 */
export function tallyBySubject(compared: readonly Compared[]): SequenceResults['groups'] {
  const groups = new Map<string, Map<string, Compared[]>>(
    ['functions', 'requests', 'save handlers', 'what a callback answers', 'settings'].map(
      (title) => [title, new Map()],
    ),
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
  const requests = new Set(sentBy(scenario));
  for (const key of Object.keys(scenario.settings ?? {})) settings.add(settingOf(`session.${key}`));
  const visit = (step: Step): void => {
    switch (step[0]) {
      case 'call': {
        const [, name, first] = step;
        functions.add(name === 'SID' ? 'SID' : `${name}()`);
        if (name.startsWith('ini_')) settings.add(settingOf(String(first)));
        if (name === 'session_start' && isOptions(first)) {
          for (const key of Object.keys(first)) settings.add(settingOf(`session.${key}`));
        }
        return;
      }
      case 'handler':
        functions.add('session_set_save_handler()');
        forms.add(FORMS[step[1].form]);
        for (const [name, answer] of Object.entries(step[1].answers ?? {})) {
          answers.add(`${name}()`);
          if (typeof answer === 'object' && answer !== null && 'does' in answer) {
            for (const each of answer.does) visit(each);
          }
        }
        return;
      case 'later':
        functions.add('register_shutdown_function()');
        for (const each of step.slice(1)) visit(each as Step);
        return;
      case 'header':
        requests.add('a header of the page’s own');
        return;
      case 'flush':
        requests.add('a head that has left already');
        return;
      case 'exit':
      case 'throw':
        requests.add(`a program that ends with ${step[0]}`);
        return;
      case 'age':
        requests.add('files that have grown old');
        return;
      default:
        functions.add('$_SESSION');
    }
  };
  for (const step of [...scenario.steps, ...(scenario.next ?? []).flat()]) visit(step);
  if (forms.size === 0 && functions.has('session_start()')) forms.add('files, PHP’s own');
  return [
    ['functions', functions],
    ['requests', requests],
    ['save handlers', forms],
    ['what a callback answers', answers],
    ['settings', settings],
  ];
}

/** The parts of the client's request that a session reads. */
function sentBy({ cookies, query, form, referer, raw, next }: Scenario): string[] {
  const parts: [unknown, string][] = [
    [cookies ?? raw?.cookie, 'with a cookie'],
    [query ?? raw?.query, 'with a query'],
    [form, 'with a form'],
    [referer, 'with a Referer'],
    [next, 'several, one after the other'],
  ];
  const sent = parts.flatMap(([value, name]) => (value === undefined ? [] : [name]));
  return sent.length > 0 ? sent : ['with nothing'];
}

function isOptions(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !('$' in value);
}

/** The name of a setting; one call is enough to try a name that there is not. */
function settingOf(name: string): string {
  if (name === 'session.read_and_close') return 'read_and_close';
  return new Settings().text(name.replace(/^session\./, ''), '8.5') === undefined
    ? 'names that are no setting'
    : name;
}

/** Compares two classes on the same requests, fact by fact. */
import { cookieValues } from '../sandbox/cookies.ts';
import { asSentence } from '../sandbox/failure.ts';
import type { Subject } from './class-file.ts';
import type { ClientName } from './clients.ts';
import { explainSetCookie } from './explain-cookie.ts';
import type { RunningClass } from './running-class.ts';
import { asText, count, escapeBytes, shorten } from './text.ts';

export interface Side {
  subject: Subject;
  /** Undefined while the class has not been asked for anything. */
  running: RunningClass | undefined;
}

/** One property of both, with the value of each, line by line. */
export interface Fact {
  what: string;
  left: string[];
  right: string[];
}

export interface Comparison {
  differs: Fact[];
  /** The facts that are equal. */
  same: string[];
}

/** The beginning of a fact about an attribute of the last Set-Cookie line. */
export const ATTRIBUTE = 'Set-Cookie has ';

/** Seconds since 1970 inside a statement differ with every run. */
const MOMENT = /\b\d{9,11}\b/g;

type Facts = Map<string, string[]>;

/**
 * Compares the last request of a client.
 *
 * Ids, times and process numbers differ in every run: they are described, not compared.
 *
 * @returns Undefined before both classes have answered.
 */
export function compare(left: Side, right: Side, name: ClientName): Comparison | undefined {
  if (!hasAnswered(left, name) || !hasAnswered(right, name)) return undefined;
  const one = factsOf(left.running, name);
  const other = factsOf(right.running, name);
  const differs: Fact[] = [];
  const same: string[] = [];
  for (const what of new Set([...one.keys(), ...other.keys()])) {
    const fact = { what, left: one.get(what) ?? ['none'], right: other.get(what) ?? ['none'] };
    if (fact.left.join('\n') === fact.right.join('\n')) same.push(what);
    else differs.push(fact);
  }
  return { differs, same };
}

function hasAnswered(side: Side, name: ClientName): side is Side & { running: RunningClass } {
  const client = side.running?.clients[name];
  return client?.last !== undefined || client?.failure !== undefined;
}

function factsOf(running: RunningClass, name: ClientName): Facts {
  const { last, failure, cookie, setCookie } = running.clients[name];
  const facts: Facts = new Map();
  facts.set('status', [last ? String(last.status) : 'no answer']);
  facts.set('answer', [last?.text ?? (failure ? asSentence(failure) : '')]);
  facts.set('cookie', cookie === '' ? ['none'] : cookie.split(/;\s*/).map(describePair));
  facts.set('Set-Cookie now', [last && last.setCookie.length > 0 ? 'sent' : 'not sent']);
  const [line] = setCookie;
  for (const [what, value] of line === undefined ? [] : attributesOf(line))
    facts.set(what, [value]);
  for (const [what, value] of workOf(running, name)) facts.set(what, value);
  for (const [what, value] of rowsOf(running, cookie)) facts.set(what, value);
  return facts;
}

/** `MySession, 3 digits`: the id itself differs in every run. */
function describePair(pair: string): string {
  const equals = pair.indexOf('=');
  const value = pair.slice(equals + 1);
  const length = value.length;
  const kind = /^\d+$/.test(value) ? (length === 1 ? 'digit' : 'digits') : 'characters';
  return `${pair.slice(0, Math.max(equals, 0))}, ${length} ${kind}`;
}

/** Of dates only the presence is compared. */
function attributesOf(line: string): [string, string][] {
  return explainSetCookie(line)
    .slice(1)
    .map(({ attribute, present }) => {
      const [name = '', ...value] = attribute.split('=');
      const lasting = /^(?:expires|max-age)$/i.test(name);
      const what = lasting ? 'a lifetime' : name;
      const shown = lasting || value.length === 0 ? 'yes' : value.join('=');
      return [`${ATTRIBUTE}${what}`, present ? shown : 'no'];
    });
}

/** The callbacks and the statements of the client's last request. */
function workOf({ timeline }: RunningClass, name: ClientName): [string, string[]][] {
  const entry = timeline.entries.findLast(({ sender }) => sender === name);
  if (!entry) return [];
  const steps = entry.steps.map((step) => step.name).join(' → ');
  const statements = [...entry.steps.flatMap((step) => step.statements), ...entry.statements];
  return [
    ['callbacks', [steps || 'none']],
    [
      'statements',
      statements.length === 0
        ? ['none']
        : statements.map(({ sql }) => squeeze(sql.replace(MOMENT, '(time)'))),
    ],
  ];
}

function rowsOf({ changes, total }: RunningClass, cookie: string): [string, string[]][] {
  const there = changes.filter(({ state }) => state !== 'removed');
  const size: [string, string[]] = ['rows', [String(total)]];
  const [newest] = there;
  if (!newest) return [size];
  const sent = cookieValues(cookie);
  const own = there.find(({ row }) => sent.includes(row.id)) ?? newest;
  const { id, columns } = own.row;
  const data = columns.get('d');
  return [
    size,
    [
      'id in the row',
      [
        sent.includes(id)
          ? 'the cookie’s own value'
          : `${count(columns.get('id')?.byteLength ?? 0, 'byte')} that the cookie does not hold`,
      ],
    ],
    ['columns', [[...columns.keys()].join(', ')]],
    ['data in the row', [data ? squeeze(escapeBytes(asText(data))) : 'NULL']],
  ];
}

function squeeze(text: string): string {
  return shorten(text.replace(/\s+/g, ' ').trim(), 160);
}

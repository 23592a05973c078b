/** Two classes on the same requests: what each did, fact by fact, and where they part. */

import { cookieValues } from '../sandbox/cookies.ts';
import { asSentence } from '../sandbox/failure.ts';
import { escapeBytes } from './bytes.ts';
import type { ClientName } from './clients.ts';
import { explainSetCookie } from './explain-cookie.ts';
import type { ClassFile } from './lab.ts';
import { asText } from './rows.ts';
import type { Stage } from './stage.ts';

/** One of the two. */
export interface Side {
  subject: ClassFile;
  /** Undefined while the class has not been asked for anything. */
  stage: Stage | undefined;
}

/** Something that can be said of both, and what each shows; a list is shown line by line. */
export interface Fact {
  what: string;
  left: string[];
  right: string[];
}

export interface Comparison {
  differs: Fact[];
  /** What can be said of both and is the same. */
  same: string[];
}

/** How a fact about an attribute of the last Set-Cookie line begins. */
export const ATTRIBUTE = 'Set-Cookie has ';

/** Seconds since 1970 that stand in a statement itself: they differ by the second, and say nothing. */
const MOMENT = /\b\d{9,11}\b/g;

type Facts = Map<string, string[]>;

/**
 * Compares the last request of a client.
 *
 * Ids, times and process numbers are different in every run and say nothing: they are described,
 * not compared.
 *
 * @param left One class.
 * @param right The other.
 * @param name Whose request.
 * @returns Undefined before both have answered.
 */
export function compare(left: Side, right: Side, name: ClientName): Comparison | undefined {
  if (!hasAnswered(left, name) || !hasAnswered(right, name)) return undefined;
  const one = factsOf(left.stage, name);
  const other = factsOf(right.stage, name);
  const differs: Fact[] = [];
  const same: string[] = [];
  for (const what of new Set([...one.keys(), ...other.keys()])) {
    const fact = { what, left: one.get(what) ?? ['none'], right: other.get(what) ?? ['none'] };
    if (fact.left.join('\n') === fact.right.join('\n')) same.push(what);
    else differs.push(fact);
  }
  return { differs, same };
}

function hasAnswered(side: Side, name: ClientName): side is Side & { stage: Stage } {
  const client = side.stage?.clients[name];
  return client?.last !== undefined || client?.failure !== undefined;
}

function factsOf(stage: Stage, name: ClientName): Facts {
  const { last, failure, cookie, setCookie } = stage.clients[name];
  const facts: Facts = new Map();
  facts.set('status', [last ? String(last.status) : 'no answer']);
  facts.set('answer', [last?.text ?? (failure ? asSentence(failure) : '')]);
  facts.set('cookie', cookie === '' ? ['none'] : cookie.split(/;\s*/).map(describePair));
  facts.set('Set-Cookie now', [last && last.setCookie.length > 0 ? 'sent' : 'not sent']);
  const [line] = setCookie;
  for (const [what, value] of line === undefined ? [] : attributesOf(line))
    facts.set(what, [value]);
  for (const [what, value] of workOf(stage, name)) facts.set(what, value);
  for (const [what, value] of rowsOf(stage, cookie)) facts.set(what, value);
  return facts;
}

/** `MySession, 3 digits`: the id itself is another one each time. */
function describePair(pair: string): string {
  const equals = pair.indexOf('=');
  const value = pair.slice(equals + 1);
  const length = value.length;
  const kind = /^\d+$/.test(value) ? (length === 1 ? 'digit' : 'digits') : 'characters';
  return `${pair.slice(0, Math.max(equals, 0))}, ${length} ${kind}`;
}

/** Dates move on by themselves, so that only their presence counts. */
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
function workOf({ timeline }: Stage, name: ClientName): [string, string[]][] {
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

function rowsOf({ changes, total }: Stage, cookie: string): [string, string[]][] {
  const there = changes.filter(({ state }) => state !== 'removed');
  const count: [string, string[]] = ['rows', [String(total)]];
  const [newest] = there;
  if (!newest) return [count];
  const sent = cookie
    .split(/;\s*/)
    .flatMap((pair) => cookieValues(cookie, pair.slice(0, Math.max(0, pair.indexOf('=')))));
  const own = there.find(({ row }) => sent.includes(row.id)) ?? newest;
  const { id, columns } = own.row;
  const data = columns.get('d');
  return [
    count,
    [
      'id in the row',
      [sent.includes(id) ? 'the cookie’s own value' : describeId(columns.get('id'))],
    ],
    ['columns', [[...columns.keys()].join(', ')]],
    ['data in the row', [data ? squeeze(escapeBytes(asText(data))) : 'NULL']],
  ];
}

function describeId(bytes: Uint8Array | null | undefined): string {
  const length = bytes?.byteLength ?? 0;
  return `${length} ${length === 1 ? 'byte' : 'bytes'} that the cookie does not hold`;
}

function squeeze(text: string): string {
  const flat = text.replace(/\s+/g, ' ').trim();
  return flat.length > 160 ? `${flat.slice(0, 160)}…` : flat;
}

/** Records two requests of one session that meet, and draws them. */
import type { Message } from '../sandbox/messages.ts';
import type { Yield } from './page.ts';
import { type Arrow, drawSequence } from './pictures/sequence.ts';
import { type Recorded, withRecordedPage } from './record-page.ts';

const CLICKS = ['one click', 'the other'] as const;
const SERVER = 'MySQL';
const SESSION = 'the session';

/** A statement and its outcome. */
interface Asked {
  sql: string;
  outcome: string;
  failed: boolean;
}

/**
 * Draws two first saves of one session at the same moment. Gates at the database hold every
 * statement until both requests have sent theirs.
 */
export async function drawDoubleClick(recorded: Recorded): Promise<Yield> {
  const clicks = await withRecordedPage(recorded, async ({ wire, request }) => {
    wire.gate(2, /^SELECT COUNT/, { holds: 'answer' });
    wire.gate(2, /^INSERT/);
    // An id that the class could have made: its first page has set the cookie and not yet saved.
    const cookie = `MySession=${'a'.repeat(43)}`;
    const answers = await Promise.all([request({ cookie }), request({ cookie })]);
    return answers.map(({ messages }) => statementsOf('write', messages));
  });
  // The request whose INSERT succeeded is drawn on the left, whichever it was.
  clicks.sort((one, other) => failures(one) - failures(other));
  const [first = [], second = []] = clicks;
  const arrows = first.flatMap((statement, index) => {
    const other = second[index];
    if (other?.sql !== statement.sql) throw new Error('the two requests sent different statements');
    return [
      ...CLICKS.map((click): Arrow => ({ from: click, to: SERVER, says: verbOf(statement.sql) })),
      ...[statement, other].map(({ outcome }, at): Arrow => {
        return { from: SERVER, to: CLICKS[at] ?? '', says: shortened(outcome), isAnswer: true };
      }),
    ];
  });
  return drawSequence({
    title: 'Two first saves of one session at the same moment',
    lanes: [CLICKS[0], SERVER, CLICKS[1]],
    arrows,
  });
}

/**
 * Draws two clicks of one visitor that both read before either saves, by a class without a lock.
 */
export async function drawLostClick(recorded: Recorded): Promise<Yield> {
  const clicks = await withRecordedPage(recorded, async ({ wire, request }) => {
    const { cookie } = await request();
    wire.gate(2, /^(INSERT|UPDATE)/);
    const answers = await Promise.all([request({ cookie }), request({ cookie })]);
    return answers.map(({ messages }, at) => arrowsOf(messages, CLICKS[at] ?? ''));
  });
  // Both saves are held until both requests have read: the steps of the two go side by side.
  const [first = [], second = []] = clicks;
  const arrows = first.flatMap((arrow, index) => [arrow, ...second.slice(index, index + 1)]);
  return drawSequence({
    title: 'Two clicks read the same session, and one of them is lost',
    lanes: [CLICKS[0], SESSION, CLICKS[1]],
    arrows: arrows.filter(({ says }) => says !== 'close'),
  });
}

/**
 * Draws two clicks of one visitor, the second of which arrives while the first one saves. The class
 * locks the session from read to close.
 */
export async function drawWaitingClick(recorded: Recorded): Promise<Yield> {
  const events = await withRecordedPage(recorded, async ({ wire, request, events, until }) => {
    const { cookie } = await request();
    const save = wire.gate(1, /^(INSERT|UPDATE)/, { opens: 'by hand' });
    const first = request({ cookie });
    await save.arrived;
    const second = request({ cookie });
    await until(() => events().filter(hasBegun('read')).length === 3);
    save.open();
    return await Promise.all([first, second]);
  });
  const arrows = events.flatMap(({ messages }, at) => arrowsOf(messages, CLICKS[at] ?? ''));
  return drawSequence({
    title: 'The other click waits until the first has closed the session',
    lanes: [CLICKS[0], SESSION, CLICKS[1]],
    arrows: arrows.sort((one, other) => one.at - other.at),
  });
}

const hasBegun =
  (callback: string) =>
  (messages: readonly Message[]): boolean =>
    messages.some((each) => each.type === 'callback' && each.name === callback);

/** Reads with their answers, saves, and the close that lets the next request continue. */
function arrowsOf(messages: readonly Message[], click: string): (Arrow & { at: number })[] {
  return messages.flatMap((each) => {
    if (each.type === 'callback' && ['read', 'write', 'close'].includes(each.name)) {
      const data = each.name === 'write' ? ` ${countIn(each.values[1])}` : '';
      return [{ from: click, to: SESSION, says: `${each.name}${data}`, at: each.at }];
    }
    const isRead =
      each.type === 'callback-end' &&
      messages.some(
        (other) => other.type === 'callback' && other.step === each.step && other.name === 'read',
      );
    return isRead
      ? [{ from: SESSION, to: click, says: countIn(each.answer), isAnswer: true, at: each.at }]
      : [];
  });
}

/** `count = 7` of a session's data. */
function countIn(data: string | undefined): string {
  const count = /count\|i:(\d+)/.exec(data ?? '')?.[1];
  if (count === undefined) throw new Error(`a counter page has no count in ${data}`);
  return `count = ${count}`;
}

/** The statements of one callback, in order. */
function statementsOf(callback: string, messages: readonly Message[]): Asked[] {
  const steps = messages.flatMap((each) =>
    each.type === 'callback' && each.name === callback ? [each.step] : [],
  );
  return messages.flatMap((each) => {
    if (each.type !== 'sql' || !steps.includes(each.step ?? 0)) return [];
    const end = messages.find(
      (other) => other.type === 'sql-end' && other.statement === each.statement,
    );
    return end?.type === 'sql-end'
      ? [{ sql: each.sql, outcome: end.outcome, failed: end.failed }]
      : [];
  });
}

const failures = (statements: readonly Asked[]): number =>
  statements.filter(({ failed }) => failed).length;

/** `SELECT COUNT(id)`, `INSERT`. */
function verbOf(sql: string): string {
  return /^SELECT COUNT\(\w+\)|^\w+/.exec(sql)?.[0] ?? sql;
}

/** An error's code; the number of a row with one number. */
function shortened(outcome: string): string {
  return outcome.replace(/^(ER_\w+): .*/, '$1').replace(/^1 row: (\d+)$/, '$1');
}

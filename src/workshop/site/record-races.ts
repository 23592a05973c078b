/** Records two requests of one visitor that meet at the database, and draws them. */
import type { Message } from '../sandbox/messages.ts';
import type { Yield } from './page.ts';
import { type Arrow, drawSequence } from './pictures/sequence.ts';
import { type Recorded, withRecordedPage } from './record-page.ts';

const CLICKS = ['one click', 'the other'] as const;
const SERVER = 'MySQL';

/** A statement and its outcome. */
interface Asked {
  sql: string;
  outcome: string;
  failed: boolean;
}

/**
 * Draws two first saves of one session at the same moment. Gates at the database hold every
 * statement until both requests have sent theirs.
 *
 * @param recorded - A class that counts before it saves.
 * @throws Error when the requests do not send the same statements.
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

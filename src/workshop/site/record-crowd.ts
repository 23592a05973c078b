/** Records a crowd of requests at the pool of ten connections, and lists who holds which. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Message } from '../sandbox/messages.ts';
import { block, type Yield } from './page.ts';
import { type Recorded, type RecordedPage, withRecordedPage } from './record-page.ts';

/** A page that is slow to save, the reloads of a visitor who waits for it, and another visitor. */
const PAGE = 'the page';
const RELOADS = 10;
const RELOAD = 'a reload';
const STRANGER = 'a new visitor';

/** Milliseconds until a request without a response counts as waiting. */
const PATIENCE = 4_000;

/**
 * Draws who has a connection and who waits for one, while a page of a visitor is saving, ten
 * reloads of it wait, and another visitor comes. The class locks the session from read to close.
 */
export async function drawCrowd(recorded: Recorded): Promise<Yield> {
  const states = await withRecordedPage(recorded, recordCrowd);
  const connected = states.filter(({ connected }) => connected);
  const others = states.filter(({ connected }) => !connected);
  const width = Math.max(...states.map(({ who }) => who.length));
  const line = (sign: string, { who, does }: State): string =>
    `${sign.padStart(2)}  ${who.padEnd(width)}  ${does}`;
  return block(
    [
      '```text',
      'with a connection of the pool',
      ...connected.map((state, index) => line(String(index + 1), state)),
      '',
      'without one',
      ...others.map((state) => line('·', state)),
      '```',
    ].join('\n'),
  );
}

interface State {
  who: string;
  does: string;
  connected: boolean;
}

async function recordCrowd({ wire, request, events, until }: RecordedPage): Promise<State[]> {
  const { cookie } = await request();
  const save = wire.gate(1, /^(INSERT|UPDATE)/, { opens: 'by hand' });
  const page = request({ cookie });
  await save.arrived;
  const reloads = Array.from({ length: RELOADS }, () => request({ cookie }));
  const crowd = 2 + RELOADS;
  await until(() => events().filter(isReading).length === crowd);
  let isServed = false;
  const stranger = request().then(() => {
    isServed = true;
  });
  await until(() => events().filter(isReading).length === crowd + 1);
  await Promise.race([stranger, delay(PATIENCE)]);
  const [, first, ...rest] = events();
  const states = [
    stateOf(PAGE, first),
    ...rest.slice(0, RELOADS).map((messages) => stateOf(RELOAD, messages)),
    isServed
      ? { who: STRANGER, does: 'has been served', connected: false }
      : stateOf(STRANGER, rest[RELOADS]),
  ];
  save.open();
  await Promise.all([page, ...reloads, stranger]);
  return states;
}

const isReading = (messages: readonly Message[]): boolean =>
  messages.some((each) => each.type === 'callback' && each.name === 'read');

/** Names the state of a request by the statement that the database has not answered yet. */
function stateOf(who: string, messages: readonly Message[] = []): State {
  const statement = messages.findLast((each) => each.type === 'sql');
  const isOver = messages.some(
    (each) => each.type === 'sql-end' && each.statement === statement?.statement,
  );
  if (statement?.type !== 'sql' || isOver) return { who, does: 'waits', connected: false };
  const does = statement.lock?.does === 'takes' ? 'waits for the lock' : 'holds the lock';
  return { who, does, connected: true };
}

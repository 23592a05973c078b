/** Records two requests of one session that meet at the store, and draws their statements. */
import { createPool } from 'mysql2/promise';
import { createSessions, type OpenSession, type Strategy } from '../../store/index.ts';
import { openWire, type Wire, type WireEvent } from '../wire/proxy.ts';
import type { Statement } from '../wire/statement.ts';
import type { Yield } from './page.ts';
import { type Arrow, drawSequence } from './pictures/sequence.ts';

const DATABASE = 'the database';
const [ONE, OTHER] = ['one request', 'another'] as const;

/** Answers after which a request continues, and after which it asks again. */
const [TAKEN, WAITS] = ['yours now', 'another has it'] as const;

/** A request's name for a statement, and for its answer where the picture needs one. */
type Words = [says: string, answer?: (statement: Statement) => string];

const matched = ({ outcome }: Statement): number =>
  outcome?.kind === 'done' ? outcome.affectedRows : outcome?.kind === 'rows' ? outcome.rows : 0;

const WORDS: [RegExp, (statement: Statement) => Words][] = [
  [/GET_LOCK/, () => ['GET_LOCK', () => TAKEN]],
  [/RELEASE_LOCK/, () => ['RELEASE_LOCK']],
  [/session_locks/, (statement) => leaseWords(statement)],
  [/^SET TRANSACTION/, () => ['READ COMMITTED']],
  [/^START/, () => ['START TRANSACTION']],
  [/FOR UPDATE$/, () => ['SELECT FOR UPDATE', rowFound]],
  [/^SELECT/, () => ['SELECT', rowFound]],
  [
    /^UPDATE/,
    ({ values }) => [
      `UPDATE version ${values.at(-2)}`,
      (sent) => (matched(sent) ? 'saved' : 'no such row'),
    ],
  ],
  [/^COMMIT/, () => ['COMMIT']],
];

function leaseWords({ sql }: Statement): Words {
  if (sql.startsWith('DELETE')) return ['return the lease'];
  if (sql.startsWith('INSERT')) return ['make a lease', (sent) => (matched(sent) ? TAKEN : WAITS)];
  return ['take an ended one', (sent) => (matched(sent) ? TAKEN : 'there is none')];
}

function rowFound(): string {
  return 'the row';
}

/**
 * Draws a save that meets another one.
 *
 * @param strategy - Of both requests; with `none` the other one only reads, beside a lock.
 * @param databaseUrl - An empty schema.
 */
export async function drawStrategy(
  strategy: Strategy | 'none',
  databaseUrl: string,
): Promise<Yield> {
  const recording = new Recording();
  const held = strategy === 'none' ? 'lock' : strategy;
  const lanes = await Promise.all(
    [ONE, OTHER].map((lane) => recording.open(lane, held, databaseUrl)),
  );
  const [one, other] = lanes as [Lane, Lane];
  try {
    await one.sessions.createTable();
    const id = one.sessions.newId();
    await (await one.sessions.create(id, Buffer.from('{"cart":1}'))).close();
    await other.sessions.ready();
    recording.begin();
    if (strategy === 'none') {
      const writer = await opened(one.sessions.open(id));
      await other.sessions.open(id, { mode: 'read' });
      await save(writer, '{"cart":2}');
    } else if (strategy === 'merge') {
      const [first, second] = [
        await opened(one.sessions.open(id)),
        await opened(other.sessions.open(id)),
      ];
      await save(first, '{"cart":2}');
      await save(second, '{"cart":1,"seen":1}');
    } else {
      const first = await opened(one.sessions.open(id));
      // The lease's answer comes at once; the other two answer when they have waited.
      const waits =
        strategy === 'lease'
          ? recording.next(OTHER, 'ended', /^INSERT/)
          : recording.next(OTHER, 'began', /GET_LOCK|FOR UPDATE$/);
      const second = opened(other.sessions.open(id));
      await waits;
      await save(first, '{"cart":2}');
      await save(await second, '{"cart":2,"seen":1}');
    }
  } finally {
    for (const { close } of lanes) await close();
  }
  return drawSequence({
    title: TITLES[strategy],
    lanes: [ONE, DATABASE, OTHER],
    arrows: recording.arrows,
  });
}

const TITLES: Record<Strategy | 'none', string> = {
  merge: 'Both requests read and save, and the later save keeps both changes',
  lock: 'The other request waits for the lock before it reads',
  lease: 'The other request asks again until the lease is free',
  row: 'The other request waits at its own read',
  none: 'A page that only reads does not wait for a lock',
};

interface Lane {
  sessions: ReturnType<typeof createSessions>;
  close: () => Promise<void>;
}

async function opened(opening: Promise<OpenSession | undefined>): Promise<OpenSession> {
  const session = await opening;
  if (session === undefined) throw new Error('the session is gone');
  return session;
}

async function save(session: OpenSession, data: string): Promise<void> {
  await session.save(Buffer.from(data));
  await session.close();
}

/** The statements of several stores in the order in which they cross their wires. */
class Recording {
  readonly arrows: Arrow[] = [];
  readonly #wires = new Map<string, Wire>();
  /** By lane, what a request that waits has sent last. */
  readonly #waiting = new Map<string, Arrow>();
  #hasBegun = false;

  async open(lane: string, strategy: Strategy, databaseUrl: string): Promise<Lane> {
    const wire = await openWire(databaseUrl);
    this.#wires.set(lane, wire);
    wire.watch((event) => this.#note(lane, event));
    const pool = createPool(wire.url);
    const sessions = createSessions({ pool, secrets: ['s'.repeat(32)], strategy, gc: false });
    const close = async (): Promise<void> => {
      await sessions.close();
      await pool.end();
      await wire.close();
    };
    return { sessions, close };
  }

  begin(): void {
    this.#hasBegun = true;
  }

  /** Settles when a statement that matches has been sent, or answered. */
  next(lane: string, kind: 'began' | 'ended', pattern: RegExp): Promise<void> {
    return new Promise((resolve) => {
      const stop = this.#wires.get(lane)?.watch((event) => {
        if (event.kind !== kind || !pattern.test(event.statement.sql)) return;
        stop?.();
        resolve();
      });
    });
  }

  #note(lane: string, event: WireEvent): void {
    if (!this.#hasBegun || (event.kind !== 'began' && event.kind !== 'ended')) return;
    const { statement } = event;
    const words = WORDS.find(([pattern]) => pattern.test(statement.sql));
    if (words === undefined) throw new Error(`the picture has no word for ${statement.sql}`);
    const [says, answer] = words[1](statement);
    if (event.kind === 'began') this.#draw(lane, { from: lane, to: DATABASE, says });
    else if (answer) {
      this.#draw(lane, { from: DATABASE, to: lane, says: answer(statement), isAnswer: true });
    }
  }

  /** A request that waits asks again and again: the first time is drawn, and the last. */
  #draw(lane: string, arrow: Arrow): void {
    const { isAnswer, says } = arrow;
    const asked = this.#waiting.get(lane);
    if (asked === undefined) {
      this.arrows.push(arrow);
      if (says === WAITS) this.#waiting.set(lane, arrow);
    } else if (!isAnswer) {
      this.#waiting.set(lane, arrow);
    } else if (says === TAKEN) {
      this.#waiting.delete(lane);
      this.arrows.push(asked, arrow);
    }
  }
}

/** Assembles a bench: a schema, a wire to it, the class, and an end to all of them. */
import { randomBytes } from 'node:crypto';
import { type DatabaseServer, obtainServer } from '../machine/database/server.ts';
import type { Means, SessionsExport } from '../sandbox/contract.ts';
import { loadClass, nextCopy } from '../sandbox/load-class.ts';
import { openWire, type Wire } from '../wire/proxy.ts';
import type { Statement } from '../wire/statement.ts';
import type { Bench } from './bench.ts';
import { startCache } from './cache.ts';
import { createClock, type OwnedClock } from './clock.ts';
import type { OwnedCluster } from './cluster.ts';
import { Damage } from './damage.ts';
import { type OwnedDatabase, openDatabase } from './database.ts';
import { recordDraws } from './draws.ts';
import { adaptHandler, type LastCall, requireConstructor } from './handler.ts';
import { overhear } from './overhear.ts';
import { keptPromises } from './promises.ts';
import { type SeededRandom, seededRandom } from './random.ts';
import { report } from './report.ts';
import type { ServeOptions, Server } from './serve.ts';
import { dropSockets, noteSockets } from './sockets.ts';
import type { Subject } from './subject.ts';
import { unawaited } from './unawaited.ts';

export interface AssembledBench {
  bench: Bench;
  lastCall: LastCall;
  damage: Damage;
  clock: OwnedClock;
  random: SeededRandom;
  /** The statements that have no answer yet. */
  unanswered(): Statement[];
  /** Grows with every statement that is sent and every answer that arrives. */
  progress(): number;
  /** Ends everything that was opened, the class's own connections included. */
  end(): Promise<void>;
}

let server: Promise<DatabaseServer> | undefined;

/** Closes the server; every bench must have ended. */
export async function releaseServer(): Promise<void> {
  const held = server;
  server = undefined;
  await (await held)?.close();
}

/**
 * Opens the class on a separate database.
 *
 * @returns The bench and what its owner needs beside it.
 * @throws Any error of loading the class, after everything that was opened has ended.
 */
export async function assembleBench(subject: Subject): Promise<AssembledBench> {
  const random = seededRandom(process.env['SEED']);
  const endings: (() => unknown)[] = [];
  const end = async (): Promise<void> => {
    // The last opened is the first to end.
    for (const ending of endings.splice(0).reverse()) await ending();
  };
  try {
    const { wire, database } = await openTable(subject, endings);
    const statements: Statement[] = [];
    let events = 0;
    wire.watch((event) => {
      events += 1;
      if (event.kind === 'began') statements.push(event.statement);
    });

    noteSockets();
    const onCall = (method: string): void => {
      report({ kind: 'called', file: subject.file, method });
    };
    const load = async (url: string, copy: string) => {
      process.env['DATABASE_URL'] = url;
      const sessions = await loadClass(copy);
      process.env['DATABASE_URL'] = wire.url;
      return { ...adaptHandler(sessions, onCall), sessions };
    };
    const { handler, has, lastCall, sessions } = await load(
      wire.url,
      subject.copy ?? nextCopy(subject.file),
    );
    const damage = new Damage();
    const clock = createClock();
    // PHP's session functions are loaded only by the lessons that have a page.
    const serve = async (
      served: SessionsExport,
      options?: ServeOptions,
      means?: Means,
    ): Promise<Server> => {
      const { serveApart, serveCounter } = await import('./serve.ts');
      const page =
        options?.apart === true
          ? await serveApart(subject.file, options, wire.url)
          : await serveCounter(served, lastCall, damage, options, means);
      endings.push(() => page.close());
      return page;
    };
    endings.push(() => clock.restore());
    let cluster: Promise<OwnedCluster> | undefined;
    const startCluster = async (): Promise<OwnedCluster> => {
      const { openCluster } = await import('./cluster.ts');
      const opened = await openCluster(subject.schemaSql, () => {
        events += 1;
        report({ kind: 'busy' });
      });
      endings.push(() => opened.close());
      return opened;
    };
    const newId = idMaker(database, () => (has('create_sid') ? handler.create_sid() : undefined));
    const bench: Bench = {
      handler,
      newId,
      store: async (id, data) => {
        if (has('write')) await handler.write(id, data);
        else await insertRow(database, id, data, clock.now());
      },
      database: {
        ...database,
        query(sql, values) {
          damage.noteStatement(sql);
          return database.query(sql, values);
        },
      },
      clock,
      gate: (count, pattern, options) => damage.watch(wire.gate(count, pattern, options)),
      statements: () => statements,
      random: () => random.next(),
      serve: (options) => serve(sessions, options),
      another: async (url = wire.url, classFile = subject.file) => {
        shareSecrets(endings);
        const other = await load(url, nextCopy(classFile));
        return { handler: other.handler, serve: (options) => serve(other.sessions, options) };
      },
      given: (means) => {
        requireConstructor(sessions);
        const given = adaptHandler(sessions, onCall, means);
        return { handler: given.handler, serve: (options) => serve(sessions, options, means) };
      },
      exported: sessions,
      secondDatabase: async () => (await openTable(subject, endings)).database,
      async cache() {
        const cache = await startCache(() => report({ kind: 'busy' }));
        endings.push(() => cache.close());
        return cache;
      },
      cluster() {
        cluster ??= startCluster();
        return cluster;
      },
      unawaited: (call) => unawaited(wire, call),
      recordDraws,
      overhear,
      keptPromises,
    };
    const unanswered = () => statements.filter(({ ended }) => ended === undefined);
    return { bench, lastCall, damage, clock, random, unanswered, progress: () => events, end };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Makes a database with the lesson's table, and a wire to it. */
async function openTable(
  { schemaSql }: Subject,
  endings: (() => unknown)[],
): Promise<{ wire: Wire; database: OwnedDatabase }> {
  server ??= obtainServer();
  const schema = await (await server).createSchema('bench');
  endings.push(() => schema.drop());
  const wire = await openWire(schema.url);
  endings.push(async () => {
    dropSockets(wire.port);
    await wire.close();
  });
  const database = await openDatabase(schema.url, wire, schemaSql);
  endings.push(() => database.close());
  return { wire, database };
}

/** The processes of one site have the same passwords for seals. */
function shareSecrets(endings: (() => unknown)[]): void {
  if (process.env['SESSION_PASSWORDS'] !== undefined) return;
  process.env['SESSION_PASSWORDS'] = JSON.stringify({ 1: randomBytes(32).toString('base64url') });
  endings.push(() => delete process.env['SESSION_PASSWORDS']);
}

/** Makes ids that a class accepts: its own, else the next number, or random text where ids are text. */
function idMaker(
  database: OwnedDatabase,
  create: () => Promise<string> | undefined,
): () => Promise<string> {
  let last = 0;
  let numeric: boolean | undefined;
  return async () => {
    const own = create();
    if (own) return own;
    numeric ??= await database.hasNumericIds();
    last += 1;
    return numeric ? String(last) : `bench${String(last).padStart(27, '0')}`;
  };
}

/** Writes the row that the class will write once it is ported. */
async function insertRow(
  database: OwnedDatabase,
  id: string,
  data: string,
  now: number,
): Promise<void> {
  await database.query(
    'INSERT INTO sessions (id, d, updated) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE d = VALUES(d), updated = VALUES(updated)',
    [id, data, now],
  );
}

/** Assembles a bench: a schema, a wire to it, the class, and an end to all of them. */
import { randomBytes } from 'node:crypto';
import { type DatabaseServer, obtainServer } from '../machine/database/server.ts';
import type { Means, SessionsExport } from '../sandbox/contract.ts';
import { loadClass, nextCopy } from '../sandbox/load-class.ts';
import { openWire, type Wire } from '../wire/proxy.ts';
import { afterSilence } from '../wire/silence.ts';
import type { Statement } from '../wire/statement.ts';
import type { Bench } from './bench.ts';
import { startCache } from './cache.ts';
// Not in the program of the tests: a file that is run by hand needs this hook as well.
import './choose-class.mjs';
import { createClock, type OwnedClock } from './clock.ts';
import type { BenchCluster } from './cluster.ts';
import { Damage } from './damage.ts';
import { type OwnedDatabase, openDatabase } from './database.ts';
import { recordDraws } from './draws.ts';
import { type AdaptedHandler, adaptHandler, type LastCall, requireConstructor } from './handler.ts';
import { overhear } from './overhear.ts';
import { keptPromises } from './promises.ts';
import { type SeededRandom, seededRandom } from './random.ts';
import { report } from './report.ts';
import type { Served, ServeOptions, Server } from './serve.ts';
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
  /** Opens the gates of a test that failed, and lets the class end what it has begun there. */
  settle(): Promise<void>;
  /** Ends everything that was opened, the class's own connections included. */
  end(): Promise<void>;
}

/** Milliseconds of silence after a test that failed. */
const SETTLING = 100;

/** Milliseconds between two signs of progress while a process starts. */
const STARTING = 50;

let server: Promise<DatabaseServer> | undefined;

/** Closes the server; every bench must have ended. */
export async function releaseServer(): Promise<void> {
  const held = server;
  server = undefined;
  await (await held)?.close();
}

/** Opens the class on a separate database. If that fails, everything that was opened has ended. */
export async function assembleBench(subject: Subject): Promise<AssembledBench> {
  const random = seededRandom(process.env['SEED']);
  const endings: Endings = [];
  const end = async (): Promise<void> => {
    for (const ending of endings.splice(0).reverse()) await ending();
  };
  try {
    const { wire, database } = await openTable(subject, endings);
    const traffic = watchTraffic(wire);
    noteSockets();
    const loaded = await load(subject, wire, wire.url, subject.copy ?? nextCopy(subject.file));
    const [damage, clock] = [new Damage(), createClock()];
    endings.push(() => clock.restore());
    const parts = { subject, wire, database, traffic, damage, clock, random, endings };
    const bench = benchOf(parts, loaded);
    const unanswered = () => traffic.statements.filter(({ ended }) => ended === undefined);
    return {
      bench,
      lastCall: loaded.lastCall,
      damage,
      clock,
      random,
      unanswered,
      progress: () => traffic.events,
      async settle() {
        const wasHolding = wire.openGates();
        if (wasHolding || unanswered().length > 0) await bench.silence(SETTLING);
      },
      end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Closes everything that the bench has opened; the last opened is the first to end. */
type Endings = (() => unknown)[];

/** Everything that the bench's members share. */
interface Parts {
  readonly subject: Subject;
  readonly wire: Wire;
  readonly database: OwnedDatabase;
  readonly traffic: Traffic;
  readonly damage: Damage;
  readonly clock: OwnedClock;
  readonly random: SeededRandom;
  readonly endings: Endings;
}

/** The statements so far, and the number of events that show progress. */
interface Traffic {
  readonly statements: Statement[];
  events: number;
}

function watchTraffic(wire: Wire): Traffic {
  const traffic: Traffic = { statements: [], events: 0 };
  wire.watch((event) => {
    traffic.events += 1;
    if (event.kind === 'began') traffic.statements.push(event.statement);
  });
  return traffic;
}

/** A copy of the class, and its callbacks as one handler. */
interface LoadedClass extends AdaptedHandler {
  readonly sessions: SessionsExport;
  /** Its `DATABASE_URL`. */
  readonly url: string;
}

/** Loads a copy of the class, which finds `url` in `DATABASE_URL`. */
async function load(subject: Subject, wire: Wire, url: string, copy: string): Promise<LoadedClass> {
  process.env['DATABASE_URL'] = url;
  const sessions = await loadClass(copy);
  process.env['DATABASE_URL'] = wire.url;
  const reportCall = reportCallsOf(subject);
  const onCall = (method: string): void => {
    // A class may as well read the address when it opens.
    process.env['DATABASE_URL'] = url;
    reportCall(method);
  };
  return { ...adaptHandler(sessions, onCall), sessions, url };
}

function reportCallsOf({ file }: Subject): (method: string) => void {
  return (method) => report({ kind: 'called', file, method });
}

/** The bench of a class; what its members open is closed by `endings`. */
function benchOf(parts: Parts, loaded: LoadedClass): Bench {
  const { subject, wire, database, traffic, damage, clock, random, endings } = parts;
  const { handler, has, lastCall, sessions } = loaded;
  const serveBy =
    ({ sessions: served, url }: LoadedClass, means?: Means) =>
    (options?: ServeOptions) =>
      serve(parts, { sessions: served, url, means, lastCall }, options);
  let cluster: Promise<BenchCluster> | undefined;
  return {
    handler,
    newId: idMaker(database, () => (has('create_sid') ? handler.create_sid() : undefined)),
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
      withoutTable(body) {
        damage.noteMissingTable();
        return database.withoutTable(body);
      },
    },
    clock,
    gate: (count, pattern, options) => damage.watch(wire.gate(count, pattern, options)),
    silence: <Value>(milliseconds: number, value?: Value) =>
      new Promise<Value | undefined>((resolve) => {
        afterSilence(
          milliseconds,
          () => traffic.events,
          () => resolve(value),
        );
      }) as Promise<Value>,
    statements: () => traffic.statements,
    random: () => random.next(),
    serve: serveBy(loaded),
    another: async (url = wire.url, classFile = subject.file) => {
      shareSecrets(endings);
      const other = await load(subject, wire, url, nextCopy(classFile));
      return { exported: other.sessions, handler: other.handler, serve: serveBy(other) };
    },
    given: (means) => {
      requireConstructor(sessions);
      const given = adaptHandler(sessions, reportCallsOf(subject), means);
      return { handler: given.handler, serve: serveBy(loaded, means) };
    },
    exported: sessions,
    async secondDatabase() {
      const second = await openTable(subject, endings, longest);
      second.wire.watch(() => {
        traffic.events += 1;
      });
      return second.database;
    },
    async cache() {
      const cache = await startCache(progressOf(parts));
      endings.push(() => cache.close());
      return cache;
    },
    cluster() {
      cluster ??= startCluster(parts);
      return cluster;
    },
    unawaited: (call) => unawaited(wire, subject.file, call),
    recordDraws,
    overhear,
    keptPromises,
  };
}

/** Serves the counter page. PHP's session functions are loaded only by the lessons that have a page. */
async function serve(
  parts: Parts,
  served: Omit<Served, 'damage'>,
  options?: ServeOptions,
): Promise<Server> {
  const { subject, wire, damage, endings } = parts;
  const { serveApart, serveCounter } = await import('./serve.ts');
  if (options?.apart !== true) {
    const page = await serveCounter({ ...served, damage }, options);
    endings.push(() => page.close());
    return page;
  }
  // Another process is at work meanwhile, and a busy machine takes seconds to start it.
  const starting = setInterval(progressOf(parts), STARTING);
  try {
    const page = await serveApart(subject.file, options, wire.url);
    endings.push(() => page.close());
    return page;
  } finally {
    clearInterval(starting);
  }
}

async function startCluster(parts: Parts): Promise<BenchCluster> {
  const { openCluster } = await import('./cluster.ts');
  const cluster = await openCluster(parts.subject.schemaSql, progressOf(parts));
  parts.endings.push(() => cluster.close());
  return cluster;
}

/** A function to call while a server is fetched or started: neither the test nor the file hangs. */
function progressOf({ traffic }: Parts): () => void {
  return () => {
    traffic.events += 1;
    report({ kind: 'busy' });
  };
}

/** A class must not count on a short name of its database. */
const longest = 'another database '.repeat(4);

/** Makes a database with the lesson's table, and a wire to it. */
async function openTable(
  { schemaSql }: Subject,
  endings: Endings,
  purpose = 'bench',
): Promise<{ wire: Wire; database: OwnedDatabase }> {
  server ??= obtainServer();
  const schema = await (await server).createSchema(purpose);
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
function shareSecrets(endings: Endings): void {
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

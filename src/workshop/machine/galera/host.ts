/**
 * One cluster for a process and its children, one user at a time.
 *
 * The process offers an address in the environment (WORKSHOP_CLUSTER), as it does for the database.
 * The first child that asks starts the cluster; while a child is connected the cluster is its own,
 * and it may kill nodes. The others wait. A cluster that is not whole afterwards is replaced.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { errorMessage } from '../error-message.ts';
import { MissingProgram } from '../program.ts';
import { GaleraCluster } from './cluster.ts';
import { obtainGalera } from './program.ts';

/** One line from a child. The first holds the secret, each later one an order. */
export type Order =
  | { secret: string }
  | { node: number; action: 'kill' | 'pause' | 'resume' | 'cutOff' | 'reconnect' }
  | { action: 'bringBack' | 'agree' };

/**
 * One line to a child: progress while it waits; the nodes' URLs; the result of an order. A problem is
 * `missing` where the machine has no Galera.
 */
export type Answer =
  | { progress: string }
  | { nodes: string[] }
  | { done: true }
  | { problem: string; missing?: boolean };

/** Milliseconds after which a cluster that no child uses ends. */
const idleLimit = 120_000;

/** Milliseconds between two lines to a child that waits, for its turn or for a node. */
const sign = 1_000;

let offered: Promise<string> | undefined;
let running: GaleraCluster | undefined;
let turn: Promise<unknown> = Promise.resolve();
let idle: NodeJS.Timeout | undefined;

/**
 * Offers a cluster to the children of this process. Nothing is started before a child asks.
 *
 * @returns The value of WORKSHOP_CLUSTER for them: this process's own one, where it has one.
 */
export function offerCluster(): Promise<string> {
  offered ??= listen();
  return offered;
}

async function listen(): Promise<string> {
  const inherited = process.env['WORKSHOP_CLUSTER'];
  if (inherited) return inherited;
  const secret = randomBytes(16).toString('hex');
  const server = createServer((socket) => void serve(socket, secret)).listen(0, '127.0.0.1');
  server.unref();
  await once(server, 'listening');
  return `${(server.address() as AddressInfo).port}/${secret}`;
}

async function serve(socket: Socket, secret: string): Promise<void> {
  socket.on('error', () => {});
  const lines = createInterface(socket)[Symbol.asyncIterator]();
  const next = async (): Promise<Order | undefined> => {
    const { value, done } = await lines.next();
    return done ? undefined : (JSON.parse(value) as Order);
  };
  const answer = (line: Answer): void => void socket.write(`${JSON.stringify(line)}\n`);
  // Another program of this machine, a browser among them, can connect and send what it likes.
  const first = await next().catch(() => undefined);
  if (!first || !('secret' in first) || first.secret !== secret) {
    socket.destroy();
    return;
  }
  const waiting = setInterval(() => answer({ progress: 'cluster: one moment …' }), sign);
  const mine = turn.then(async () => {
    clearTimeout(idle);
    if (socket.destroyed) return;
    const cluster = await wholeCluster((progress) => answer({ progress }));
    answer({ nodes: cluster.nodes.map(({ url }) => url) });
    for (let order = await next(); order; order = await next()) {
      answer(await carryOut(cluster, order));
    }
  });
  turn = mine.catch(() => {}).then(endWhenIdle);
  await mine.catch((error: unknown) =>
    answer({ problem: errorMessage(error), missing: error instanceof MissingProgram }),
  );
  clearInterval(waiting);
  socket.end();
}

async function carryOut(cluster: GaleraCluster, order: Order): Promise<Answer> {
  try {
    if ('node' in order) await cluster.nodes[order.node]?.[order.action]();
    else if ('action' in order) await cluster[order.action]();
    return { done: true };
  } catch (error) {
    return { problem: errorMessage(error) };
  }
}

async function wholeCluster(progress: (line: string) => void): Promise<GaleraCluster> {
  if (running && !(await running.isWhole())) await end();
  if (running) return running;
  const program = await obtainGalera({ progress });
  if ('reason' in program) throw new MissingProgram(program.reason);
  running = await GaleraCluster.start(program, { progress });
  return running;
}

async function end(): Promise<void> {
  const ending = running;
  running = undefined;
  await ending?.close();
}

function endWhenIdle(): void {
  idle = setTimeout(() => {
    turn = turn.then(end);
  }, idleLimit).unref();
}

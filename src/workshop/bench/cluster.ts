/** Three Galera nodes for a test file, alone with it; the process that runs the file starts them. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { withSchema } from '../machine/database/connection-url.ts';
import { type Answer, type Order, offerCluster } from '../machine/galera/host.ts';
import { MissingProgram } from '../machine/program.ts';
import type { Row } from './database.ts';
import { dropSockets } from './sockets.ts';

/** One node. */
interface ClusterNode {
  /** Its address, with this file's schema. */
  readonly url: string;
  /** Runs a statement on it; a read waits for what other nodes have committed before. */
  query(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Ends it as `kill -9` does. */
  kill(): Promise<void>;
  /** Stops it as a machine that hangs: its connections stay open, and it answers nothing. */
  pause(): Promise<void>;
  /** Resumes it. */
  resume(): Promise<void>;
}

export interface BenchCluster {
  /** Three nodes. Each has the lesson's table. */
  readonly nodes: readonly [ClusterNode, ClusterNode, ClusterNode];
  /** Starts the nodes that were killed, and waits until all three are members again. */
  bringBack(): Promise<void>;
}

interface OwnedCluster extends BenchCluster {
  close(): Promise<void>;
}

/** Milliseconds for one statement of a test: a cluster stops for seconds when a node dies. */
const patience = 20_000;

/**
 * Waits for the cluster, and makes a schema with the lesson's table on it. `onProgress` is called
 * for every step, also while another file has the cluster.
 */
export async function openCluster(
  schemaSql: string,
  onProgress: () => void,
): Promise<OwnedCluster> {
  const host = await askHost(onProgress);
  const schema = `phpsessid_${randomBytes(8).toString('hex')}`;
  const query = async (url: string, sql: string, values: readonly unknown[] = []) => {
    const connection = await createConnection({ uri: url, multipleStatements: true });
    connection.on('error', () => {});
    try {
      await connection.query('SET wsrep_sync_wait = 1');
      const [rows] = await connection.query<RowDataPacket[]>({
        sql,
        values: [...values],
        timeout: patience,
      });
      return Array.isArray(rows) ? rows : [];
    } finally {
      onProgress();
      connection.destroy();
    }
  };
  const [first = ''] = host.urls;
  await query(first, `CREATE DATABASE ${schema} CHARACTER SET utf8mb4`);
  await query(withSchema(first, schema), schemaSql);
  const nodes = host.urls.map((server, node): ClusterNode => {
    const url = withSchema(server, schema);
    return {
      url,
      query: (sql, values) => query(url, sql, values),
      kill: () => host.order({ node, action: 'kill' }),
      pause: () => host.order({ node, action: 'pause' }),
      resume: () => host.order({ node, action: 'resume' }),
    };
  });
  return {
    nodes: nodes as [ClusterNode, ClusterNode, ClusterNode],
    bringBack: () => host.order({ action: 'bringBack' }),
    async close() {
      for (const url of host.urls) dropSockets(Number(new URL(url).port));
      // If the nodes are gone, the next user gets new ones.
      await query(first, `DROP DATABASE ${schema}`).catch(() => {});
      await host.close();
    },
  };
}

interface Host {
  urls: string[];
  order(order: Exclude<Order, { secret: string }>): Promise<void>;
  close(): Promise<void>;
}

async function askHost(onProgress: () => void): Promise<Host> {
  const [port, secret = ''] = (await offerCluster()).split('/');
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => {});
  const lines = createInterface(socket)[Symbol.asyncIterator]();
  const ask = async (order: Order): Promise<Exclude<Answer, { progress: string }>> => {
    socket.write(`${JSON.stringify(order)}\n`);
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error('The process with the cluster has ended');
      onProgress();
      const answer = JSON.parse(value) as Answer;
      if ('problem' in answer) {
        throw new (answer.missing ? MissingProgram : Error)(answer.problem);
      }
      if (!('progress' in answer)) return answer;
    }
  };
  const close = async (): Promise<void> => {
    if (socket.destroyed) return;
    const closed = once(socket, 'close');
    socket.end();
    await closed;
  };
  const answer = await ask({ secret }).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    urls: 'nodes' in answer ? answer.nodes : [],
    order: async (order) => void (await ask(order)),
    close,
  };
}

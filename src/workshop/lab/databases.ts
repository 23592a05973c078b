/** Three Galera nodes for the lab, and ledgers of saves that were acknowledged. */
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Connection,
  createConnection,
  type ResultSetHeader,
  type RowDataPacket,
} from 'mysql2/promise';
import { GaleraCluster } from '../machine/galera/cluster.ts';
import type { GaleraNode } from '../machine/galera/node.ts';
import { obtainGalera } from '../machine/galera/program.ts';
import { Machine, type Starting } from './machine.ts';
import { count } from './text.ts';

/** A worker's means of keeping others from saving between its read and its write. */
export type Way = 'lock' | 'version';

/** The ways as the page names them. */
export const WAYS: Record<Way, string> = {
  lock: 'under GET_LOCK',
  version: 'by comparing the version',
};

/** One node as the page shows it. */
export interface NodeLane {
  name: string;
  isUp: boolean;
  /** Its own word for its state: `Synced`. */
  state: string;
  /** The number in its row; undefined where it does not answer. */
  number: number | undefined;
}

/** Saves of several workers, each of which adds one to the number in a row. */
export interface Ledger {
  way: Way;
  acknowledged: number;
  /** Saves whose connection broke: they may be in the row or not. */
  unsure: number;
  /** Saves that were refused, because another was faster, and made again. */
  repeated: number;
  /** The number in the row at the end; undefined until then. */
  total: number | undefined;
}

const TABLE = `
  CREATE DATABASE IF NOT EXISTS phpsessid_lab;
  CREATE TABLE IF NOT EXISTS phpsessid_lab.ledger
    (id int not null primary key, number int not null, version int not null);
  REPLACE INTO phpsessid_lab.ledger VALUES (1, 0, 0)`;

/** Two on each node. */
const WORKERS = 6;

export class Databases extends Machine {
  #cluster: GaleraCluster | undefined;
  #lanes: NodeLane[] = [];
  #ledger: Ledger | undefined;

  get lanes(): readonly NodeLane[] {
    return this.#lanes;
  }

  get ledger(): Ledger | undefined {
    return this.#ledger;
  }

  /** Has six workers add one to the same row, over all nodes, `saves` times together. */
  save(saves: number, way: Way): string {
    return this.perform(`${count(saves, 'save')} ${WAYS[way]}`, async () => {
      const { nodes } = this.#opened();
      const ledger: Ledger = { way, acknowledged: 0, unsure: 0, repeated: 0, total: undefined };
      this.#ledger = ledger;
      await this.#empty();
      let left = saves;
      const work = async (home: number): Promise<void> => {
        const worker = new Worker(nodes, home);
        while (left > 0) {
          left -= 1;
          await worker.add(ledger);
          if (ledger.acknowledged % 10 === 0) this.changed();
        }
        worker.close();
      };
      await Promise.all(Array.from({ length: WORKERS }, (_, worker) => work(worker)));
      await this.refresh();
      ledger.total = Math.max(...this.#lanes.map(({ number }) => number ?? 0));
      return sentenceOf(ledger);
    });
  }

  /** Kills a node as `kill -9` does, or brings back those that were killed. */
  async toggle(name: string): Promise<string> {
    const cluster = this.#opened();
    const node = cluster.nodes.find((each) => each.name === name);
    if (!node) throw new RangeError(`There is no node "${name}".`);
    if (node.lives) await node.kill();
    else await cluster.bringBack();
    await this.refresh();
    return `${name} ${node.lives ? 'is a member again' : 'was killed'}.`;
  }

  /** Asks every node for its state and its row. */
  async refresh(): Promise<void> {
    const nodes = this.#cluster?.nodes ?? [];
    const lanes = await Promise.all(nodes.map(look));
    if (JSON.stringify(lanes) === JSON.stringify(this.#lanes)) return;
    this.#lanes = lanes;
    this.changed();
  }

  protected override async begin({ progress, signal }: Starting): Promise<void> {
    const program = await obtainGalera({ progress, signal });
    if ('reason' in program) throw new Error(program.reason);
    this.#cluster = await GaleraCluster.start(program, { progress, signal });
    await this.#empty();
    await this.refresh();
  }

  protected override async end(): Promise<void> {
    await this.#cluster?.close();
    this.#cluster = undefined;
  }

  async #empty(): Promise<void> {
    const node = this.#opened().nodes.find(({ lives }) => lives);
    if (!node) throw new Error('no node is left');
    const connection = await createConnection({ uri: node.url, multipleStatements: true });
    connection.on('error', () => {});
    await connection.query(TABLE).finally(() => connection.destroy());
  }

  #opened(): GaleraCluster {
    if (!this.#cluster) throw new Error('the cluster is not up');
    return this.#cluster;
  }
}

/** Describes a ledger, briefly enough to be read aloud. */
export function sentenceOf({ way, acknowledged, unsure, total }: Ledger): string {
  const head = `${acknowledged} saves ${WAYS[way]} were acknowledged, and the row says ${total}`;
  const lost = acknowledged - (total ?? 0);
  if (lost > 0) return `${head}: ${lost} are lost.`;
  const more = unsure > 0 ? `; of ${unsure} it is unknown, as their connection broke` : '';
  return `${head}: none is lost${more}.`;
}

async function look(node: GaleraNode): Promise<NodeLane> {
  const { name, lives: isUp } = node;
  if (!isUp) return { name, isUp, state: 'killed', number: undefined };
  const status = await node.status().catch(() => undefined);
  const isMember = status?.['wsrep_cluster_status'] === 'Primary';
  const state = isMember ? (status?.['wsrep_local_state_comment'] ?? '') : 'out of the group';
  return { name, isUp, state, number: isMember ? await numberOf(node) : undefined };
}

async function numberOf(node: GaleraNode): Promise<number | undefined> {
  try {
    const connection = await createConnection({ uri: node.url, connectTimeout: 2_000 });
    connection.on('error', () => {});
    const sql = 'SELECT number FROM phpsessid_lab.ledger';
    await connection.query('SET wsrep_sync_wait = 1');
    const [rows] = await connection
      .query<RowDataPacket[]>({ sql, timeout: 2_000 })
      .finally(() => connection.destroy());
    return rows[0]?.['number'] as number | undefined;
  } catch {
    return undefined;
  }
}

/** One web server's connection; when its node dies, it goes to the next one. */
class Worker {
  readonly #nodes: readonly GaleraNode[];
  #home: number;
  #connection: Connection | undefined;

  constructor(nodes: readonly GaleraNode[], home: number) {
    this.#nodes = nodes;
    this.#home = home;
  }

  /** Adds one to the number: again until that is acknowledged, or until its answer is lost. */
  async add(ledger: Ledger): Promise<void> {
    for (;;) {
      let isSent = false;
      try {
        const connection = await this.#connect();
        const save = ledger.way === 'lock' ? underLock : comparing;
        const saved = await save(connection, () => {
          isSent = true;
        });
        if (saved) {
          ledger.acknowledged += 1;
          return;
        }
        ledger.repeated += 1;
      } catch (error) {
        // 1213: another node's save was certified first, and this one has not happened.
        if ((error as { errno?: number }).errno === 1213) {
          ledger.repeated += 1;
          continue;
        }
        this.#leave();
        await delay(50);
        if (!isSent) continue;
        ledger.unsure += 1;
        return;
      }
    }
  }

  close(): void {
    this.#connection?.destroy();
  }

  async #connect(): Promise<Connection> {
    if (this.#connection) return this.#connection;
    const node = this.#nodes[this.#home % this.#nodes.length];
    const uri = `${node?.url}phpsessid_lab`;
    const connection = await createConnection({ uri, connectTimeout: 2_000 });
    connection.on('error', () => {});
    await connection.query('SET wsrep_sync_wait = 1');
    this.#connection = connection;
    return connection;
  }

  #leave(): void {
    this.close();
    this.#connection = undefined;
    this.#home += 1;
  }
}

type Save = (connection: Connection, onSend: () => void) => Promise<boolean>;

/** Lesson 13's way. The lock is held by one node, and no other one knows of it. */
const underLock: Save = async (connection, onSend) => {
  await connection.query("SELECT GET_LOCK('ledger', 10)");
  try {
    const { number } = await read(connection);
    onSend();
    await connection.query('UPDATE ledger SET number = ? WHERE id = 1', [number + 1]);
    return true;
  } finally {
    await connection.query("SELECT RELEASE_LOCK('ledger')").catch(() => {});
  }
};

/** The way of lesson 16 and later: a save demands the version that was read. */
const comparing: Save = async (connection, onSend) => {
  const { number, version } = await read(connection);
  onSend();
  const sql = 'UPDATE ledger SET number = ?, version = version + 1 WHERE id = 1 AND version = ?';
  const [{ affectedRows }] = await connection.query<ResultSetHeader>(sql, [number + 1, version]);
  return affectedRows === 1;
};

async function read(connection: Connection): Promise<{ number: number; version: number }> {
  const sql = 'SELECT number, version FROM ledger WHERE id = 1';
  const [rows] = await connection.query<RowDataPacket[]>(sql);
  return rows[0] as RowDataPacket & { number: number; version: number };
}

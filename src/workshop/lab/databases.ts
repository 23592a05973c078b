/** Three Galera nodes for the lab. */
import { setTimeout as delay } from 'node:timers/promises';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { GaleraCluster } from '../machine/galera/cluster.ts';
import type { GaleraNode } from '../machine/galera/node.ts';
import { obtainGalera } from '../machine/galera/program.ts';
import { type Ledger, sentenceOf, WAYS, type Way, Worker } from './ledger.ts';
import { Machine, type Starting } from './machine.ts';
import { Refused } from './refused.ts';
import { count } from './text.ts';

/** One node as the page shows it. */
export interface NodeLane {
  name: string;
  isUp: boolean;
  /** True while it is stopped: its connections stay open, and nothing is answered. */
  isHung: boolean;
  /** Its own word for its state: `Synced`. */
  state: string;
  /** The number in its row; undefined where it does not answer. */
  number: number | undefined;
}

const TABLE = `
  CREATE DATABASE IF NOT EXISTS phpsessid_lab;
  CREATE TABLE IF NOT EXISTS phpsessid_lab.ledger
    (id int not null primary key, number int not null, version int not null);
  REPLACE INTO phpsessid_lab.ledger VALUES (1, 0, 0)`;

/** Why no node takes a save, and the remedy. */
export const ALONE =
  'No node takes a save: one alone is not the majority of its group. Bring another back, or resume it.';

/** Two on each node. */
const WORKERS = 6;

export class Databases extends Machine {
  #cluster: GaleraCluster | undefined;
  #lanes: NodeLane[] = [];
  #ledger: Ledger | undefined;
  readonly #hung = new Set<string>();

  get lanes(): readonly NodeLane[] {
    return this.#lanes;
  }

  /** False while a node is alone: it is not the majority of its group, and takes no save. */
  get takesSaves(): boolean {
    return this.lanes.filter(({ isUp, isHung }) => isUp && !isHung).length >= 2;
  }

  get ledger(): Ledger | undefined {
    return this.#ledger;
  }

  /**
   * Has six workers add one to the same row, over all nodes, `saves` times together.
   *
   * @throws Refused while a node is alone.
   */
  save(saves: number, way: Way): string {
    if (!this.takesSaves) throw new Refused(ALONE);
    return this.perform(`${count(saves, 'save')} ${WAYS[way]}`, async () => {
      const { nodes } = this.#opened();
      const ledger: Ledger = { way, acknowledged: 0, unsure: 0, repeated: 0, total: undefined };
      try {
        await this.#empty();
      } catch (error) {
        await this.refresh();
        throw this.takesSaves ? error : new Refused(ALONE);
      }
      this.#ledger = ledger;
      let left = saves;
      const work = async (home: number): Promise<void> => {
        const worker = new Worker(nodes, home);
        while (left > 0 && !this.lab.ending.aborted) {
          left -= 1;
          await worker.add(ledger, this.lab.ending);
          if (ledger.acknowledged % 10 === 0) this.changed();
        }
        worker.close();
      };
      await Promise.all(Array.from({ length: WORKERS }, (_, worker) => work(worker)));
      ledger.total = await this.#total();
      return sentenceOf(ledger);
    });
  }

  /** Kills a node as `kill -9` does, or brings back those that were killed. */
  async toggle(name: string): Promise<string> {
    const node = this.#find(name);
    if (node.lives) {
      await node.kill();
      this.#hung.delete(name);
    } else {
      const [hung] = this.#hung;
      if (hung !== undefined) {
        throw new Refused(`${hung} hangs, and the group waits for it. Resume it first.`);
      }
      await this.#opened().bringBack();
    }
    await this.refresh();
    return `${name} ${node.lives ? 'is a member again' : 'was killed'}.`;
  }

  /** Lets a node hang, or resumes it. */
  async hang(name: string): Promise<string> {
    const node = this.#find(name);
    if (!node.lives) throw new Refused(`${name} was killed. Bring it back first.`);
    const isHung = this.#hung.delete(name);
    if (isHung) node.resume();
    else {
      await node.pause();
      this.#hung.add(name);
    }
    await this.refresh();
    return isHung
      ? `${name} goes on, and is sent the saves that it has missed.`
      : `${name} hangs: its connections stay open, and nothing is answered.`;
  }

  /** Asks every node for its state and its row. */
  async refresh(): Promise<void> {
    const nodes = this.#cluster?.nodes ?? [];
    const lanes = await Promise.all(nodes.map((node) => look(node, this.#hung.has(node.name))));
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

  /** The number in the row, once a node tells it: while the group leaves one out, none does. */
  async #total(): Promise<number> {
    for (let tries = 0; tries < 20 && !this.lab.ending.aborted; tries += 1) {
      await this.refresh();
      const numbers = this.#lanes.flatMap(({ number }) => number ?? []);
      if (numbers.length > 0) return Math.max(...numbers);
      await delay(500);
    }
    throw new Error('no node answers');
  }

  async #empty(): Promise<void> {
    const node = this.#opened().nodes.find(({ lives, name }) => lives && !this.#hung.has(name));
    if (!node) throw new Error('no node answers');
    const connection = await createConnection({ uri: node.url, multipleStatements: true });
    connection.on('error', () => {});
    await connection.query(TABLE).finally(() => connection.destroy());
  }

  #find(name: string): GaleraNode {
    const node = this.#opened().nodes.find((each) => each.name === name);
    if (!node) throw new RangeError(`There is no node "${name}".`);
    return node;
  }

  #opened(): GaleraCluster {
    if (!this.#cluster) throw new Error('the cluster is not up');
    return this.#cluster;
  }
}

async function look(node: GaleraNode, isHung: boolean): Promise<NodeLane> {
  const { name, lives: isUp } = node;
  const lane = { name, isUp, isHung: isUp && isHung, number: undefined };
  if (!isUp || isHung) return { ...lane, state: isUp ? 'hung' : 'killed' };
  const status = await node.status().catch(() => undefined);
  const isMember = status?.['wsrep_cluster_status'] === 'Primary';
  const state = isMember ? (status?.['wsrep_local_state_comment'] ?? '') : 'out of the group';
  return { ...lane, state, number: isMember ? await numberOf(node) : undefined };
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

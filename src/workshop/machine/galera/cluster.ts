/**
 * Three Galera nodes on the loopback, for one process: about 115 MB of memory each, ready after
 * three to five seconds, gone with the process.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { cacheFolder, makeOnce } from '../cache.ts';
import type { RunFolder } from '../database/interfaces.ts';
import { accountsSql } from '../database/private-server.ts';
import { filesOf, makeRunFolder } from '../database/run-folder.ts';
import { templateFor } from '../database/template.ts';
import type { Announcements } from '../program.ts';
import { cleanUpBeforeSignals } from '../signals.ts';
import { GaleraNode, type Surroundings } from './node.ts';
import type { GaleraProgram } from './program.ts';

const transferScript = fileURLToPath(new URL('wsrep_sst_copy', import.meta.url));

const user = 'workshop';

const attempts = 3;

/**
 * Another program has taken a port that was free: one of the server's, or the one at which a node
 * receives the writes that it lacks. No node can join again with the data it then has, so all begin
 * anew.
 */
const PASSING =
  /address already in use|another server running on port|Bind on TCP\/IP port|Will never receive state/i;

/** Milliseconds until all nodes must see each other again. */
const patience = 60_000;

/** A cluster of three. */
export class GaleraCluster {
  readonly #nodes: GaleraNode[] = [];
  readonly #release: () => void = cleanUpBeforeSignals(() => this.close());
  #closing: Promise<void> | undefined;

  /** The nodes, the founder first. */
  get nodes(): readonly GaleraNode[] {
    return this.#nodes;
  }

  /** Starts a new cluster without any schema; an error has a node's last output. */
  static async start(
    program: GaleraProgram,
    announcements: Announcements = {},
  ): Promise<GaleraCluster> {
    const template = await historyFor(program, announcements);
    announcements.progress?.('cluster: starting three Galera nodes …');
    const began = performance.now();
    for (let attempt = 1; ; attempt++) {
      const cluster = new GaleraCluster();
      try {
        await cluster.#join(program, template, announcements.signal);
        const seconds = ((performance.now() - began) / 1000).toFixed(1);
        announcements.progress?.(`cluster: ready after ${seconds} s`);
        return cluster;
      } catch (error) {
        await cluster.close();
        if (!PASSING.test(String(error)) || attempt === attempts) throw error;
      }
    }
  }

  /**
   * Starts the nodes that were killed, all together: a lone survivor of three has no majority, and
   * takes no new member before it has one.
   */
  async bringBack(): Promise<void> {
    const dead = this.#nodes.filter((node) => !node.lives);
    const members = this.#nodes.map(({ group }) => group);
    await Promise.all(dead.map((node) => node.start(members)));
    await this.agree();
  }

  /** Waits until all three nodes are synced members, for a minute at most. */
  async agree(): Promise<void> {
    const deadline = Date.now() + patience;
    while (!(await this.isWhole())) {
      if (Date.now() > deadline) {
        throw new Error(`The three nodes have not found each other within ${patience / 1000} s`);
      }
      await delay(50);
    }
  }

  /** Whether all three nodes are synced members now. */
  async isWhole(): Promise<boolean> {
    const answers = await Promise.all(this.#nodes.map((node) => node.isSynced(3)));
    return answers.every(Boolean);
  }

  /** Ends all nodes at once and removes their data. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      this.#release();
      await Promise.all(this.#nodes.map((node) => node.remove()));
    })();
    return this.#closing;
  }

  /** One after the other: two that join at once take longer than in turn. */
  async #join(
    program: GaleraProgram,
    template: string,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const members: string[] = [];
    let surroundings: Surroundings | undefined;
    for (const name of ['n1', 'n2', 'n3']) {
      signal?.throwIfAborted();
      const folder = await makeRunFolder(template);
      surroundings ??= await surroundingsIn(folder);
      const node = new GaleraNode(name, program, folder, surroundings);
      this.#nodes.push(node);
      await node.choosePorts();
      await node.start(members);
      members.push(node.group);
    }
    await this.agree();
  }
}

/**
 * Makes a data folder in which a cluster's history has begun, once for each version of the server.
 * Copies of it agree about the history, so a joining node is sent only what came since.
 */
async function historyFor(program: GaleraProgram, announcements: Announcements): Promise<string> {
  const template = await templateFor(program.server, announcements);
  const folder = join(cacheFolder(), 'templates', `galera-${basename(template)}`);
  return await makeOnce(folder, async (draft) => {
    announcements.progress?.('cluster: preparing the data folder of its nodes (once) …');
    const files = filesOf(draft);
    await cp(template, draft, { recursive: true, mode: constants.COPYFILE_FICLONE });
    await mkdir(files.temporary, { recursive: true, mode: 0o700 });
    await writeFile(passwordFile(files), randomBytes(12).toString('hex'), { mode: 0o600 });
    const surroundings = await surroundingsIn(files);
    // The statements of this file are not sent to other nodes, so all copies need their result.
    await writeFile(files.initFile, accountsSql(surroundings.password, user), { mode: 0o600 });
    const founder = new GaleraNode('founder', program, files, surroundings);
    await founder.choosePorts();
    try {
      await founder.start([]);
      await founder.stop();
    } finally {
      await founder.kill();
    }
    const events = join(files.data, 'galera.cache');
    for (const path of [events, files.initFile, files.log, surroundings.meeting]) {
      await rm(path, { recursive: true, force: true });
    }
  });
}

/** The account's password, which this user alone can read, as the rest of the cache. */
function passwordFile({ path }: RunFolder): string {
  return join(path, 'password');
}

async function surroundingsIn(folder: RunFolder): Promise<Surroundings> {
  const password = await readFile(passwordFile(folder), 'utf8');
  const meeting = join(folder.path, 'meeting');
  await mkdir(meeting, { mode: 0o700 });
  await copyFile(transferScript, join(meeting, 'wsrep_sst_copy'));
  await chmod(join(meeting, 'wsrep_sst_copy'), 0o700);
  return { user, password, meeting };
}

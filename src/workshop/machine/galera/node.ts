/** One node of a cluster: a MariaDB with Galera, which tests kill, pause, cut off and bring back. */
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import type { RunFolder } from '../database/interfaces.ts';
import { lastWordsOf } from '../database/run-folder.ts';
import { basicOptions } from '../database/template.ts';
import { freePort } from '../free-port.ts';
import { run } from '../program.ts';
import { exitOf, supervise } from '../supervise.ts';
import type { GaleraProgram } from './program.ts';

/** Milliseconds until a node must be a synced member; a busy small machine needs many seconds. */
const joinLimit = 60_000;

/**
 * Galera's defaults take six seconds to declare a node dead. These take about two and a half,
 * and still survive that a busy machine stops a process for a second.
 */
const detection = [
  'evs.keepalive_period=PT0.3S',
  'evs.inactive_check_period=PT0.3S',
  'evs.suspect_timeout=PT1.5S',
  'evs.inactive_timeout=PT4S',
  'evs.install_timeout=PT4S',
  'gmcast.time_wait=PT1S',
].join(';');

/** A node's report on itself: the values of `SHOW STATUS LIKE 'wsrep%'`. */
type NodeStatus = Record<string, string>;

/** The account of a node, and the folder in which two nodes meet for a transfer. */
export interface Surroundings {
  readonly user: string;
  readonly password: string;
  /** Holds `wsrep_sst_copy`, and must be readable by this user alone. */
  readonly meeting: string;
}

/** A node. Its data folder is a copy of the cluster's template. */
export class GaleraNode {
  /** `n1`, `n2` or `n3`. */
  readonly name: string;
  readonly #program: GaleraProgram;
  readonly #folder: RunFolder;
  readonly #surroundings: Surroundings;
  readonly #ports = { sql: 0, group: 0, events: 0, transfer: 0 };
  #child: ChildProcess | undefined;

  constructor(name: string, program: GaleraProgram, folder: RunFolder, surroundings: Surroundings) {
    this.name = name;
    this.#program = program;
    this.#folder = folder;
    this.#surroundings = surroundings;
  }

  /** The server's URL, without a schema; the same one after it was killed and started again. */
  get url(): string {
    const { user, password } = this.#surroundings;
    return `mysql://${user}:${password}@127.0.0.1:${this.#ports.sql}/`;
  }

  /** The address at which the other nodes reach it. */
  get group(): string {
    return `127.0.0.1:${this.#ports.group}`;
  }

  /** True while its process lives, a paused one included. */
  get lives(): boolean {
    return this.#child !== undefined;
  }

  /** Chooses free ports; before the first start, and again when one of them was taken since. */
  async choosePorts(): Promise<void> {
    for (const port of ['sql', 'group', 'events', 'transfer'] as const) {
      this.#ports[port] = await freePort();
    }
  }

  /**
   * Starts the node, and waits until it is a synced member of the cluster.
   *
   * @param members - The addresses of the cluster's members; none founds the cluster.
   * @throws Error with the node's last output when it does not become a member within 60 s.
   */
  async start(members: readonly string[]): Promise<void> {
    // After a crash only InnoDB knows the position; without it every write would be sent again.
    const position = existsSync(this.#folder.pidFile) ? await this.#recoverPosition() : undefined;
    rmSync(this.#folder.pidFile, { force: true });
    const child = this.#spawn([
      `--wsrep-cluster-address=gcomm://${members.join()}`,
      ...(members.length === 0 ? ['--wsrep-new-cluster'] : []),
      ...(position === undefined ? [] : [`--wsrep-start-position=${position}`]),
    ]);
    const deadline = Date.now() + joinLimit;
    while (!(await this.isSynced())) {
      if (this.#child !== child) throw this.#reason('ended before it was a member');
      if (Date.now() > deadline) throw this.#reason(`had not joined after ${joinLimit / 1000} s`);
      await delay(25);
    }
  }

  /** Ends the node as `kill -9` does; its data stays. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined) return;
    const ended = exitOf(child);
    // A node writes its id when it is up. Before, the scripts of its transfer must end, too.
    if (existsSync(this.#folder.pidFile)) this.#signal('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
    await ended;
  }

  /** Ends the node with all its data written, which the template needs. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const ended = exitOf(child);
    child.kill('SIGTERM');
    await ended;
    rmSync(this.#folder.pidFile, { force: true });
  }

  /** Lets the node hang: its connections stay open, and nothing is answered. */
  pause(): void {
    this.#signal('SIGSTOP');
  }

  /** Resumes a paused node. */
  resume(): void {
    this.#signal('SIGCONT');
  }

  /** Cuts the node off from the other nodes, and not from its clients. */
  async cutOff(): Promise<void> {
    await this.#query("SET GLOBAL wsrep_provider_options = 'gmcast.isolate=1'");
  }

  /** Connects a node that was cut off. */
  async reconnect(): Promise<void> {
    await this.#query("SET GLOBAL wsrep_provider_options = 'gmcast.isolate=0'");
  }

  /** Returns the node's own view; fails when it does not answer within two seconds. */
  async status(): Promise<NodeStatus> {
    const rows = await this.#query("SHOW STATUS LIKE 'wsrep%'");
    return Object.fromEntries(rows.map((row) => [row['Variable_name'], String(row['Value'])]));
  }

  /** Whether the node takes part and sees this many members; by default it may be alone. */
  async isSynced(size = 1): Promise<boolean> {
    const status = await this.status().catch((): NodeStatus => ({}));
    return (
      status['wsrep_local_state_comment'] === 'Synced' &&
      status['wsrep_ready'] === 'ON' &&
      status['wsrep_cluster_status'] === 'Primary' &&
      Number(status['wsrep_cluster_size']) >= size
    );
  }

  /** Ends the node and removes its folder. */
  async remove(): Promise<void> {
    await this.kill();
    await rm(this.#folder.path, { recursive: true, force: true, maxRetries: 3 });
  }

  async #recoverPosition(): Promise<string | undefined> {
    const { server } = this.#program;
    const { stdout, stderr } = await run(
      server.path,
      [
        ...basicOptions(server, this.#folder),
        ...this.#replication(),
        '--wsrep-cluster-address=gcomm://',
        '--skip-networking',
        '--socket=',
        '--wsrep-recover',
      ],
      { environment: server.environment, timeout: joinLimit },
    );
    return /Recovered position: (\S+)/.exec(stderr + stdout)?.[1];
  }

  #replication(): string[] {
    // One statement's locks must not differ between nodes: rows are sent, and never statements.
    const rows = ['--binlog-format=ROW', '--innodb-autoinc-lock-mode=2'];
    return ['--wsrep-on=ON', `--wsrep-provider=${this.#program.provider}`, ...rows];
  }

  #spawn(more: readonly string[]): ChildProcess {
    const { server } = this.#program;
    const { path, log, pidFile, initFile } = this.#folder;
    const { sql, group, events, transfer } = this.#ports;
    const { meeting } = this.#surroundings;
    const options = [
      ...basicOptions(server, this.#folder),
      ...this.#replication(),
      '--bind-address=127.0.0.1',
      `--port=${sql}`,
      '--socket=',
      `--pid-file=${pidFile}`,
      ...(existsSync(initFile) ? [`--init-file=${initFile}`] : []),
      `--secure-file-priv=${path}`,
      '--character-set-server=utf8mb4',
      '--innodb-flush-log-at-trx-commit=2',
      '--max-connections=300',
      '--performance-schema=OFF',
      '--skip-name-resolve',
      '--wsrep-cluster-name=workshop',
      `--wsrep-node-name=${this.name}`,
      '--wsrep-node-address=127.0.0.1',
      '--wsrep-sst-method=copy',
      `--wsrep-sst-receive-address=127.0.0.1:${transfer}`,
      `--wsrep-provider-options=base_host=127.0.0.1;base_port=${group};` +
        `gmcast.listen_addr=tcp://127.0.0.1:${group};ist.recv_addr=127.0.0.1:${events};` +
        `gcache.size=16M;${detection}`,
      ...more,
    ];
    const env = {
      ...server.environment,
      PATH: `${meeting}:${process.env['PATH']}`,
      WSREP_SST_COPY: meeting,
    };
    const child = supervise([server.path, ...options], path, env, log);
    this.#child = child;
    child.once('exit', () => {
      if (this.#child === child) this.#child = undefined;
    });
    return child;
  }

  #signal(signal: NodeJS.Signals): void {
    if (!this.lives) throw new Error(`${this.name} does not run`);
    process.kill(Number(readFileSync(this.#folder.pidFile, 'utf8')), signal);
  }

  async #query(sql: string): Promise<RowDataPacket[]> {
    const connection = await createConnection({ uri: this.url, connectTimeout: 2_000 });
    connection.on('error', () => {});
    try {
      const [rows] = await connection.query<RowDataPacket[]>({ sql, timeout: 2_000 });
      return Array.isArray(rows) ? rows : [];
    } finally {
      connection.destroy();
    }
  }

  #reason(what: string): Error {
    return new Error(`The node ${this.name} ${what}:\n${lastWordsOf(this.#folder)}`);
  }
}

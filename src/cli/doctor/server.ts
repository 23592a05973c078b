/** Checks of the server and of the way to it. */

import { createConnection } from 'mysql2/promise';
import { NOW } from '../../store/operate.ts';
import { exact } from '../ask.ts';
import type { Call } from '../call.ts';
import { UsageError } from '../ends.ts';
import { type Case, type Check, type Finding, globalName, isPrimary } from './case.ts';
import { accountOf } from './rights.ts';

/** Connections that a pool of mysql2 opens. */
const POOL_SIZE = 10;

const LIMITS_OF_SERVER = ['max_user_connections', 'max_connections'];

/** Milliseconds that two clocks may differ. */
const CLOCKS_APART = 2000;

/** A node of a cluster that takes no part in it. */
export function clusterState(server: Case['server']): Finding[] {
  if (isPrimary(server)) return [];
  return [
    {
      code: 'cluster-state',
      level: 'error',
      message:
        `the node is ${server.get('wsrep_cluster_status')}, ready: ${server.get('wsrep_ready')}: it refuses ` +
        'every statement until it sees a majority of the cluster',
      remedy:
        'Start the other nodes, or reconnect this one to them. Only if they are gone for good, on ONE node:\n' +
        "SET GLOBAL wsrep_provider_options='pc.bootstrap=YES';",
    },
  ];
}

/** Limits of the account that a pool meets: on a shared host they are often set. */
export const accountLimits: Check = async ({ ask, server }) => {
  const limits: string[] = [];
  const least = Math.min(
    ...LIMITS_OF_SERVER.map((name) => Number(server.get(name))).filter((count) => count > 0),
  );
  if (least < POOL_SIZE) {
    const word = least === 1 ? 'connection' : 'connections';
    limits.push(`${least} ${word} at a time (a pool opens ${POOL_SIZE})`);
  }
  const [[account] = []] = await ask('SHOW CREATE USER CURRENT_USER()');
  const hourly = /MAX_(QUERIES|UPDATES|CONNECTIONS)_PER_HOUR ([1-9]\d*)/g;
  for (const [, what = '', count] of String(account).matchAll(hourly)) {
    limits.push(`${count} ${what.toLowerCase()} an hour`);
  }
  if (limits.length === 0) return [];
  const global = LIMITS_OF_SERVER.filter((name) => {
    const count = Number(server.get(globalName(name)));
    return count > 0 && count < POOL_SIZE;
  });
  return [
    {
      code: 'account-limits',
      level: 'warning',
      message: `the account may have ${limits.join(', ')}: requests beyond that fail`,
      remedy:
        global.map((name) => `SET GLOBAL ${name}=${10 * POOL_SIZE};\n`).join('') +
        unlimited(await accountOf(ask)) +
        '\nor, for connections, a smaller pool: createPool({ connectionLimit: …, … })',
    },
  ];
};

/** The account has reached its limit for an hour while it was examined: the server refuses all else. */
export function limitReached(url: URL): Finding {
  return {
    code: 'account-limits',
    level: 'error',
    message:
      'the account has reached its limit of statements an hour: every request fails until the hour is over',
    remedy: `${unlimited(`${exact(decodeURIComponent(url.username))}@'%'`)} -- with the host of the account\nFLUSH USER_RESOURCES;`,
  };
}

function unlimited(account: string): string {
  const limits = 'MAX_USER_CONNECTIONS 0 MAX_QUERIES_PER_HOUR 0 MAX_UPDATES_PER_HOUR 0';
  return `ALTER USER ${account} WITH ${limits} MAX_CONNECTIONS_PER_HOUR 0;`;
}

/** Clocks: of this machine, of the server, of the other nodes. */
export const clocks: Check = async ({ ask, call, place, skip }) => {
  const here = await offsetOf(ask);
  const findings: Finding[] = [];
  if (Math.abs(here) > CLOCKS_APART) {
    findings.push({
      code: 'clock',
      level: 'warning',
      message:
        `the server's clock is ${secondsText(here)} this machine's: sessions expire by the server's; cookies ` +
        'with a Max-Age, and logs, go by the other',
      remedy: 'On both machines: timedatectl set-ntp true',
    });
  }
  for (const { host: node, hostname, port } of nodesOf(call)) {
    // The same account and TLS.
    const address = new URL(place.url);
    address.hostname = hostname;
    address.port = port || '3306';
    address.pathname = '';
    // A socket would lead to the first node again.
    address.searchParams.delete('socketPath');
    const connection = await createConnection({
      uri: address.href,
      connectTimeout: 5000,
    }).catch((error: { code?: string }) => {
      skip(`the clock of ${node}: cannot connect (${error.code})`, true);
    });
    if (!connection) continue;
    try {
      const there = await offsetOf(async (sql) => {
        const [rows] = await connection.query({ sql, rowsAsArray: true });
        return rows as unknown as unknown[][];
      });
      if (Math.abs(there - here) > CLOCKS_APART) {
        findings.push({
          code: 'clock-nodes',
          level: 'error',
          message: `the clock of ${node} is ${secondsText(there - here)} the first node's: a session is alive on one and expired on the other`,
          remedy: 'On every node: timedatectl set-ntp true',
        });
      }
    } finally {
      connection.destroy();
    }
  }
  return findings;
};

/** @throws UsageError for a --node that is not a host. */
export function nodesOf(call: Call): URL[] {
  return call.list('node').map((node) => {
    if (URL.canParse(`mysql://${node}`)) return new URL(`mysql://${node}`);
    throw new UsageError(`--node takes HOST[:PORT], not "${node}"`);
  });
}

/** Milliseconds by which a server's clock is ahead; the shortest of three round trips is the most exact. */
async function offsetOf(ask: Case['ask']): Promise<number> {
  let [best, offset] = [Number.POSITIVE_INFINITY, 0];
  for (let tries = 0; tries < 3; tries += 1) {
    const began = Date.now();
    const [[now] = []] = await ask(`SELECT ${NOW}`);
    const ended = Date.now();
    if (ended - began >= best) continue;
    best = ended - began;
    offset = Number(now) - (began + ended) / 2;
  }
  return offset;
}

function secondsText(milliseconds: number): string {
  const seconds = Math.round(Math.abs(milliseconds) / 1000);
  return `${seconds} s ${milliseconds > 0 ? 'ahead of' : 'behind'}`;
}

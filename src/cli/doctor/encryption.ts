/** Checks of the way to the server: whether it is encrypted, and whether it leads to the server. */
import { isIP, type Socket } from 'node:net';
import type { Check, Finding } from './case.ts';

/** The parts of mysql2's connection that are asked. */
interface Wire {
  readonly stream: Socket;
  readonly config?: { readonly host: string; readonly ssl: false | Tls };
}

interface Tls {
  readonly rejectUnauthorized?: boolean;
  readonly verifyIdentity?: boolean;
}

/** Passwords, keys and data in plain text on a network, or for a server that nothing has proved. */
export const encryption: Check = ({ connection, server }) => {
  const { stream, config } = (connection as unknown as { connection: Wire }).connection;
  if (server.get('ssl_cipher')) return config?.ssl ? unverified(config.host, config.ssl) : [];
  const address = stream.remoteAddress?.replace('::ffff:', '');
  // Without an address it is a unix socket.
  if (address === undefined || /^(?:127\.|::1$)/.test(address)) return [];
  return [
    {
      code: 'tls',
      level: 'warning',
      message: `the connection to ${address} is not encrypted: the network sees the sessions' data and keys`,
      remedy:
        'In the address: mysql://…?ssl={"verifyIdentity":true}, or in the pool: { ssl: { verifyIdentity: true } }\n' +
        'ALTER USER … REQUIRE SSL; -- once every client uses it',
    },
  ];
};

function unverified(host: string, { rejectUnauthorized, verifyIdentity }: Tls): Finding[] {
  // mysql2 compares no name with an IP address.
  const isNamed = verifyIdentity || isIP(host) !== 0;
  if (rejectUnauthorized !== false && isNamed) return [];
  return [
    {
      code: 'tls-unverified',
      level: 'warning',
      message:
        rejectUnauthorized === false
          ? 'the connection is encrypted, but rejectUnauthorized is false: any certificate passes, so a machine in between can read and change everything'
          : "the connection is encrypted, but the name in the server's certificate is not compared with the host: a certificate of any other host passes",
      remedy:
        'In the address: mysql://…?ssl={"verifyIdentity":true}, or in the pool: { ssl: { verifyIdentity: true } }\n' +
        'and for a CA of your own its certificate: { ssl: { ca, verifyIdentity: true } }',
    },
  ];
}

/** The number in a server's greeting is that of the connection, unless another program has greeted. */
export const proxy: Check = async ({ ask, connection }) => {
  const [[id] = []] = await ask('SELECT CONNECTION_ID()');
  const { threadId } = connection;
  // A greeting has the lower four bytes.
  if (threadId === null || Number(BigInt(String(id)) & 0xffff_ffffn) === threadId) return [];
  return [
    {
      code: 'proxy',
      level: 'warning',
      message:
        'a proxy answers instead of the server, and may send the statements of one connection to several servers: ' +
        'a request can read what was there before the last save, and a lock is known to one of them',
      remedy:
        'In the proxy: send all statements of this account to one server, the primary, and keep a connection of the\n' +
        'application on one connection to the server. Then: phpsessid doctor --ignore proxy',
    },
  ];
};

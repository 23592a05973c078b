/** The way to the server: TLS with certificates that are good, unknown, expired, or another host's. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { after, test } from 'node:test';
import { inspect } from 'node:util';
import { createConnection } from 'mysql2/promise';
import type { Case } from '../../src/cli/doctor/case.ts';
import { encryption } from '../../src/cli/doctor/encryption.ts';
import { SessionSetupError } from '../../src/store/errors.ts';
import { createSessions } from '../../src/store/store.ts';
import { startServer } from '../../src/workshop/machine/database/own-server.ts';
import { makeCertificate } from './certificate.ts';
import { phpsessid, type Ran, written } from './fixture.ts';

const authority = makeCertificate({ name: 'A CA of tests' });
const by = authority.signer;
const good = makeCertificate({ name: 'localhost', by });
const certificate = written('certificate.pem', good.pem);
const key = written('key.pem', good.key);
const server = await startServer({ settings: [`--ssl-cert=${certificate}`, `--ssl-key=${key}`] });
const admin = await createConnection({ uri: server.url });
const { url } = await server.createSchema('tls');
await admin.query(`CREATE USER 'tls'@'%' IDENTIFIED BY 'pass word' REQUIRE SSL`);
await admin.query(`GRANT ALL PRIVILEGES ON *.* TO 'tls'@'%'`);
after(async () => {
  await admin.end();
  await server.close();
});

/** Gives the running server another certificate. */
async function present(next: ReturnType<typeof makeCertificate>): Promise<void> {
  written('certificate.pem', next.pem);
  written('key.pem', next.key);
  await admin.query('FLUSH SSL');
}

function addressOf(ssl: object | undefined, host = 'localhost'): URL {
  const address = new URL(url);
  [address.username, address.password, address.hostname] = ['tls', 'pass%20word', host];
  if (ssl) address.searchParams.set('ssl', JSON.stringify(ssl));
  return address;
}

async function doctor(ssl: object | undefined, host = 'localhost', args = ''): Promise<Ran> {
  const address = addressOf(ssl, host);
  const ignored = '--ignore rights-wide --ignore table-missing --ignore flush-log';
  const env = { DATABASE_URL: address.href };
  return await phpsessid(`doctor --json ${ignored} ${args}`, { env });
}

const codesOf = ({ out }: Ran): string[] =>
  (JSON.parse(out) as { findings: { code: string }[] }).findings.map(({ code }) => code);

const known = { ca: authority.pem, verifyIdentity: true };

test('a certificate that is checked gives no finding, also with --node', async () => {
  const { port } = new URL(url);
  assert.deepEqual(codesOf(await doctor(known, 'localhost', `--node localhost:${port}`)), []);
});

test('a certificate whose name or signature is not checked is found', async () => {
  assert.deepEqual(codesOf(await doctor({ ca: authority.pem })), ['tls-unverified']);
  assert.deepEqual(codesOf(await doctor({ rejectUnauthorized: false })), ['tls-unverified']);
  // An IP address has no name to compare.
  assert.deepEqual(codesOf(await doctor({ ca: authority.pem }, '127.0.0.1')), []);
});

/** The store's own error, which comes at once. */
async function refusalOf(address: URL): Promise<string> {
  const options = {
    secrets: ['s'.repeat(32)],
    gc: false,
    timeout: 60,
    statementTimeout: 60,
  } as const;
  const sessions = createSessions({ ...options, url: address.href });
  const began = performance.now();
  const error: unknown = await sessions.ready().catch((reason: unknown) => reason);
  await sessions.close();
  assert.ok(error instanceof SessionSetupError, inspect(error));
  assert.ok(performance.now() - began < 30_000);
  assert.doesNotMatch(inspect(error), /pass word|pass%20word/);
  return error.message;
}

test('a certificate that does not pass is an error of one line, which names the fault', async () => {
  const refused = async (ssl: object | undefined, words: RegExp, ours = words): Promise<void> => {
    const { code, err, out } = await doctor(ssl);
    assert.deepEqual([code, out, err.split('\n').length], [3, '', 2], err);
    assert.doesNotMatch(err, /pass word|pass%20word/);
    assert.match(err, words);
    assert.match(await refusalOf(addressOf(ssl)), ours);
  };
  await refused({ verifyIdentity: true }, /an unknown CA: give the CA's certificate/);
  // The server refuses the account as it refuses a wrong password.
  const isRefused = /whether the account demands TLS \(ssl\)/;
  await refused(undefined, /if the account demands TLS: \?ssl=/, isRefused);
  await present(makeCertificate({ name: 'db.example', by }));
  await refused(known, /for another host name/);
  await present(makeCertificate({ name: 'localhost', by, until: new Date('2021-01-01') }));
  await refused(known, /has expired: renew it/);
  const alone = makeCertificate({ name: 'localhost' });
  await present(alone);
  // From Node 26 on, OpenSSL says the same of it as of any other without a known CA.
  await refused(known, /is signed by (itself|an unknown CA): give/);
  assert.deepEqual(codesOf(await doctor({ ca: alone.pem, verifyIdentity: true })), []);
});

test('TLS that the pool demands and the server does not offer is an error at once', async () => {
  const plain = createServer((client) => {
    const upstream = connect(Number(new URL(url).port), '127.0.0.1');
    for (const socket of [client, upstream]) socket.on('error', () => {});
    client.pipe(upstream).pipe(client);
    upstream.prependOnceListener('data', (greeting: Buffer) => {
      // Behind the version and the thread: the flag CLIENT_SSL, 0x0800, of the server's greeting.
      const at = greeting.indexOf(0, 5) + 1 + 4 + 9 + 1;
      greeting[at] = (greeting[at] ?? 0) & ~0x08;
    });
  });
  await once(plain.listen(0, '127.0.0.1'), 'listening');
  const address = addressOf(known, '127.0.0.1');
  address.port = String((plain.address() as AddressInfo).port);
  assert.match(await refusalOf(address), /offers no TLS: take ssl out of the address or the pool/);
  plain.close();
});

test('a connection that leaves the machine without TLS', async () => {
  const codes = async (remoteAddress: string | undefined, cipher: string): Promise<string[]> => {
    const connection = { connection: { connection: { stream: { remoteAddress } } } };
    const examined = { ...connection, server: new Map([['ssl_cipher', cipher]]) };
    const findings = await encryption(examined as unknown as Case);
    return findings.map(({ code }) => code);
  };
  for (const address of ['10.0.0.5', '::ffff:10.0.0.5', 'fd00::5']) {
    assert.deepEqual(await codes(address, ''), ['tls']);
    assert.deepEqual(await codes(address, 'TLS_AES_256_GCM_SHA384'), []);
  }
  // A unix socket has no address.
  for (const address of ['127.0.0.1', '::ffff:127.0.0.1', '::1', undefined]) {
    assert.deepEqual(await codes(address, ''), []);
  }
});

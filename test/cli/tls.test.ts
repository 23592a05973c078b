/** The way to the server: TLS with certificates that are good, unknown, expired, or another host's. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createConnection } from 'mysql2/promise';
import type { Case } from '../../src/cli/doctor/case.ts';
import { encryption } from '../../src/cli/doctor/encryption.ts';
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

async function doctor(ssl: object | undefined, host = 'localhost', args = ''): Promise<Ran> {
  const address = new URL(url);
  [address.username, address.password, address.hostname] = ['tls', 'pass%20word', host];
  if (ssl) address.searchParams.set('ssl', JSON.stringify(ssl));
  const ignored = '--ignore rights-wide --ignore table-missing --ignore flush-log';
  const env = { DATABASE_URL: address.href };
  return await phpsessid(`doctor --json ${ignored} ${args}`, { env });
}

const codesOf = ({ out }: Ran): string[] =>
  (JSON.parse(out) as { findings: { code: string }[] }).findings.map(({ code }) => code);

const known = { ca: authority.pem, verifyIdentity: true };

test('a certificate that is checked is no finding, also for the clock of another node', async () => {
  const { port } = new URL(url);
  assert.deepEqual(codesOf(await doctor(known, 'localhost', `--node localhost:${port}`)), []);
});

test('a certificate whose name, or whose signature, is not checked', async () => {
  assert.deepEqual(codesOf(await doctor({ ca: authority.pem })), ['tls-unverified']);
  assert.deepEqual(codesOf(await doctor({ rejectUnauthorized: false })), ['tls-unverified']);
  // An IP address has no name to compare.
  assert.deepEqual(codesOf(await doctor({ ca: authority.pem }, '127.0.0.1')), []);
});

test('a certificate that does not pass is an error of one line, which names the fault', async () => {
  const refusal = async (ssl: object | undefined): Promise<string> => {
    const { code, err, out } = await doctor(ssl);
    assert.deepEqual([code, out, err.split('\n').length], [3, '', 2], err);
    assert.doesNotMatch(err, /pass word|pass%20word/);
    return err;
  };
  assert.match(await refusal({ verifyIdentity: true }), /an unknown CA: give the CA's certificate/);
  // The server refuses the account as it refuses a wrong password.
  assert.match(await refusal(undefined), /if the account demands TLS: \?ssl=/);
  await present(makeCertificate({ name: 'db.example', by }));
  assert.match(await refusal(known), /for another host name/);
  await present(makeCertificate({ name: 'localhost', by, until: new Date('2021-01-01') }));
  assert.match(await refusal(known), /has expired: renew it/);
  const alone = makeCertificate({ name: 'localhost' });
  await present(alone);
  assert.match(await refusal(known), /signed by itself: give/);
  assert.deepEqual(codesOf(await doctor({ ca: alone.pem, verifyIdentity: true })), []);
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

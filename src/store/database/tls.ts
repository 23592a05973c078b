/** The way to the server is not as secure as the pool demands; trying again does not help. */

const OWN_CA =
  'give the CA\'s certificate, as ssl={"ca":"…"} in the address, as ssl: { ca } in the pool, or in the ' +
  'file of NODE_EXTRA_CA_CERTS';

/** OpenSSL's words for what is wrong with a certificate: the driver replaces the code. */
const CERTIFICATE_FAULTS: readonly (readonly [RegExp, string])[] = [
  [/has expired/, 'has expired: renew it'],
  [/not yet valid/, 'is not valid yet: check the clocks'],
  [/altnames/, 'is for another host name: correct the host, or the certificate'],
  [/^self.signed certificate$/, `is signed by itself: ${OWN_CA}`],
  [/self.signed|issuer|verify the first/, `is signed by an unknown CA: ${OWN_CA}`],
];

/**
 * Returns the fault that ends a login before it begins, with its remedy.
 *
 * @param error - The driver's error.
 * @returns undefined for any other fault, also of TLS, such as a connection that broke.
 */
export function tlsFault(error: unknown): string | undefined {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (code === 'HANDSHAKE_NO_SSL_SUPPORT') {
    return 'the server offers no TLS: take ssl out of the address or the pool, or configure it in the server';
  }
  if (code !== 'HANDSHAKE_SSL_ERROR') return undefined;
  const [, fault] = CERTIFICATE_FAULTS.find(([words]) => words.test(String(message))) ?? [];
  return fault && `the server's certificate ${fault}`;
}

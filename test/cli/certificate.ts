/** X.509 certificates for tests: Node can read them and cannot make them. RFC 5280, in DER. */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** A certificate with its key, in PEM. */
export interface Certificate {
  readonly pem: string;
  readonly key: string;
  readonly signer: { readonly key: KeyObject; readonly name: string };
}

/** Options of a certificate. */
export interface CertificateOrder {
  readonly name: string;
  /** The certificate that signs it; by default it signs itself, as a CA does. */
  readonly by?: Certificate['signer'];
  /** The day on which it expires. */
  readonly until?: Date;
}

const [BOOLEAN, INTEGER, BITS, OCTETS, ID, TEXT, TIME, SEQUENCE, SET] = [
  0x01, 0x02, 0x03, 0x04, 0x06, 0x0c, 0x18, 0x30, 0x31,
] as const;
const ECDSA_WITH_SHA256 = '2a8648ce3d040302';
const COMMON_NAME = '550403';
const ALTERNATIVE_NAME = '551d11';
const BASIC_CONSTRAINTS = '551d13';

/** Makes a certificate for a host name, or for a CA if it is signed by none. */
export function makeCertificate({ name, by, until }: CertificateOrder): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signer = by ?? { key: privateKey, name };
  const algorithm = der(SEQUENCE, id(ECDSA_WITH_SHA256));
  const extension = by
    ? der(SEQUENCE, id(ALTERNATIVE_NAME), der(OCTETS, der(SEQUENCE, der(0x82, Buffer.from(name)))))
    : der(
        SEQUENCE,
        id(BASIC_CONSTRAINTS),
        der(BOOLEAN, Buffer.of(0xff)),
        der(OCTETS, der(SEQUENCE, der(BOOLEAN, Buffer.of(0xff)))),
      );
  const body = der(
    SEQUENCE,
    der(0xa0, der(INTEGER, Buffer.of(2))),
    der(INTEGER, Buffer.of(1, ...randomBytes(8))),
    algorithm,
    distinguished(signer.name),
    der(SEQUENCE, time(new Date('2020-01-01')), time(until ?? new Date('2100-01-01'))),
    distinguished(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(SEQUENCE, extension)),
  );
  const signature = sign('sha256', body, signer.key);
  const whole = der(SEQUENCE, body, algorithm, der(BITS, Buffer.of(0), signature));
  const lines = whole.toString('base64').replaceAll(/.{64}/g, '$&\n');
  return {
    pem: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    signer: { key: privateKey, name },
  };
}

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

function id(hex: string): Buffer {
  return der(ID, Buffer.from(hex, 'hex'));
}

function distinguished(name: string): Buffer {
  return der(SEQUENCE, der(SET, der(SEQUENCE, id(COMMON_NAME), der(TEXT, Buffer.from(name)))));
}

/** `20260101000000Z`. */
function time(date: Date): Buffer {
  return der(TIME, Buffer.from(`${date.toISOString().replaceAll(/\D/g, '').slice(0, 14)}Z`));
}

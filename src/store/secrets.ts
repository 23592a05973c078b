/** The secrets of a store, as an application gives them. */
import { SessionSetupError } from './errors.ts';

/** SHA-256's own strength; a shorter secret is easier to guess than a key in the table. */
const SHORTEST = 32;

const REMEDY = 'openssl rand -base64 32 makes one';

/**
 * Checks secrets, and returns their bytes.
 *
 * @param name - The option, for errors.
 * @param secrets - The newest first.
 * @throws SessionSetupError without a secret, or with one of fewer than 32 bytes; never with its text.
 */
export function bytesOfSecrets(
  name: string,
  secrets: readonly (string | Uint8Array)[],
): [Buffer, ...Buffer[]] {
  if (!Array.isArray(secrets) || secrets.length === 0) {
    throw new SessionSetupError(`${name} must be a list, the newest first: ${REMEDY}`);
  }
  return secrets.map((secret: unknown, at) => {
    const isBytes = typeof secret === 'string' || secret instanceof Uint8Array;
    const bytes = isBytes ? Buffer.from(secret as Uint8Array) : Buffer.alloc(0);
    if (bytes.length >= SHORTEST) return bytes;
    throw new SessionSetupError(
      `${name}[${at}] ${isBytes ? `has ${bytes.length} bytes` : `is of the type ${typeof secret}`}, ` +
        `at least ${SHORTEST} bytes are needed: ${REMEDY}`,
    );
  }) as [Buffer, ...Buffer[]];
}

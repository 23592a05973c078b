/** Checks of the secrets. None of them is shown, in part or as a whole. */
import { type Check, type Finding, Unchecked } from './case.ts';

const SHORTEST = 32;
/** A secret of 32 random bytes in base64 has about 30 different characters. */
const FEWEST_CHARACTERS = 12;

/** Length, variety, and one that is there twice. */
export const secrets: Check = ({ place }) => {
  const { secrets: given } = place.options;
  if (given.length === 0) {
    throw new Unchecked('the secrets: set SESSION_SECRETS, or give --secrets-file or --config');
  }
  const findings: Finding[] = [];
  const remedy = 'openssl rand -base64 32';
  for (const [at, secret] of given.entries()) {
    const bytes = Buffer.byteLength(secret);
    if (bytes < SHORTEST) {
      findings.push({
        code: 'secret-short',
        level: 'error',
        message: `secrets[${at}] has ${bytes} bytes: the store refuses fewer than ${SHORTEST}`,
        remedy,
      });
    } else if (new Set(secret).size < FEWEST_CHARACTERS) {
      findings.push({
        code: 'secret-weak',
        level: 'error',
        message: `secrets[${at}] has ${new Set(secret).size} different characters: it can be guessed`,
        remedy,
      });
    }
    if (given.indexOf(secret) < at) {
      findings.push({
        code: 'secret-twice',
        level: 'warning',
        message: `secrets[${at}] is secrets[${given.indexOf(secret)}] once more: this rotation has changed nothing`,
        remedy: `Remove it, and to rotate put a new one in front:\n${remedy}`,
      });
    }
  }
  return findings;
};

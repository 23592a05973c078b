/** Checks of the secrets. None of them is shown, in part or as a whole. */
import { type Check, type Finding, Unchecked } from './case.ts';

const SHORTEST = 32;
/** A secret of 32 random bytes in base64 has about 30 different characters. */
const FEWEST_CHARACTERS = 12;

/** Words of the examples in documentations. */
const EXAMPLES =
  /change.?(?:me|this|it)|replace.?(?:me|this|it)|example|placeholder|your|keyboard.?cat|qwerty|secret|password|random|string/gi;

/** Counts the characters that an attacker cannot take from a list of examples, a repeat or a sequence. */
function varietyOf(secret: string): number {
  const period = `${secret}${secret}`.indexOf(secret, 1);
  const rest = secret.slice(0, period).replaceAll(EXAMPLES, '');
  const step = (at: number): number => rest.charCodeAt(at) - rest.charCodeAt(at - 1);
  const kept = rest
    .split('')
    .filter((_, at) => ![at, at - 1, at - 2].every((each) => step(each) === 1));
  return new Set(kept).size;
}

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
    } else if (varietyOf(secret) < FEWEST_CHARACTERS) {
      findings.push({
        code: 'secret-weak',
        level: 'error',
        message:
          `secrets[${at}] has ${varietyOf(secret)} different characters, apart from repeats, sequences and ` +
          'the words of examples: it can be guessed',
        remedy,
      });
    }
    if (given.indexOf(secret) < at) {
      findings.push({
        code: 'secret-twice',
        level: 'warning',
        message: `secrets[${at}] is secrets[${given.indexOf(secret)}] once more: this rotation has changed nothing`,
        remedy: `Remove it, and rotate with a new one:\n${remedy}`,
      });
    }
  }
  return findings;
};

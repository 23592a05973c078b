/** The seal of lesson 18, for the classes after it: the code is that of lesson 18's class. */
import { createHash, randomBytes } from 'node:crypto';
import { unsealData } from 'iron-session';

/** Seconds that a seal is valid: as long as its cookie. */
export const ttl: number = 60 * 60 * 24 * 14;

/** Used without SESSION_PASSWORDS: drawn at the start, so its seals end with the process. */
const makeshift = JSON.stringify({ 1: randomBytes(32).toString('base64url') });

/** SESSION_PASSWORDS, such as `{"1":"…","2":"…"}`: each opens, and the highest number seals. */
export function passwords(): Record<string, string> {
  const given = process.env['SESSION_PASSWORDS'] ?? makeshift;
  const isGood = ([id, text]: [string, unknown]) =>
    /^[1-9]\d*$/.test(id) && typeof text === 'string' && text.length >= 32;
  try {
    const all = JSON.parse(given) as Record<string, string>;
    if (Object.keys(all).length > 0 && Object.entries(all).every(isGood)) return all;
  } catch {
    // The parser's message would contain a piece of a password.
  }
  throw new Error('SESSION_PASSWORDS must be numbers with passwords of 32 characters or more');
}

/** Opens a seal and returns its token; `''` if the seal is invalid. */
export async function unseal(sid: string): Promise<string> {
  const password = passwords();
  if (sid.length > 500 || !/^Fe26\.2\*[\w.*-]+~2$/.test(sid)) return '';
  try {
    const { token = '' } = await unsealData<{ token?: string }>(sid, { password, ttl });
    return /^[A-Za-z0-9_-]{43}$/.test(token) ? token : '';
  } catch {
    return ''; // For most damage iron-session returns an empty object, for some it throws
  }
}

/** The row's key: SHA-256 of the token. You can get from the token to the row, and not back. */
export const rowKey = (token: string): Buffer => createHash('sha256').update(token).digest();

const SIZE = 1024;
const LONGEST = 32;

/**
 * Keys that were read lately. The keys of sessions repeat, within one and from one to the next; a
 * hit gives back a string that the engine has interned already, which a property's name must be.
 */
const recent: string[] = new Array<string>(SIZE).fill('');

/**
 * Gives an ASCII key as an interned string.
 *
 * @param bytes the input
 * @param text the same as Latin-1
 * @param start where the key begins
 * @param end where it ends
 * @returns the key, or `undefined` where it is too long or not ASCII
 */
export function asciiKey(
  bytes: Uint8Array,
  text: string,
  start: number,
  end: number,
): string | undefined {
  const length = end - start;
  if (length > LONGEST) return undefined;
  if (length === 0) return '';
  let hash = length;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte > 127) return undefined;
    hash = (hash * 31 + byte) | 0;
  }
  const place = (hash ^ (hash >>> 15)) & (SIZE - 1);
  const known = recent[place] as string;
  if (known.length === length) {
    let index = 0;
    while (index < length && known.charCodeAt(index) === bytes[start + index]) index++;
    if (index === length) return known;
  }
  const key = Object.keys({ [text.slice(start, end)]: 0 })[0] as string;
  recent[place] = key;
  return key;
}

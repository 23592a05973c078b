/** A browser's cookies, for one server on one path: raw lines, nothing decoded (RFC 6265). */

/** A Set-Cookie line, split. */
interface SetCookie {
  name: string;
  value: string;
  /** By lower-case name; an attribute without a value is `''`. */
  attributes: Map<string, string>;
}

/**
 * Applies Set-Cookie lines to a Cookie line.
 *
 * @param line - The client's Cookie line so far; `''` when it has none.
 * @param setCookies - The Set-Cookie headers of one response. One without a name is ignored.
 * @returns The Cookie line of the next request; `''` when no cookie is left.
 * @example
 * keepCookies('a=1', ['b=2; Path=/', 'a=; Max-Age=0']); // 'b=2'
 */
export function keepCookies(line: string, setCookies: readonly string[]): string {
  let pairs = splitLine(line);
  for (const setCookie of setCookies) {
    const { name, value, attributes } = readSetCookie(setCookie);
    if (name === '') continue;
    const first = pairs.findIndex((pair) => nameOf(pair) === name);
    pairs = pairs.filter((pair) => nameOf(pair) !== name);
    // A renewed cookie keeps its place: browsers sort by the time of creation.
    if (!isRemoval(attributes)) {
      pairs.splice(first < 0 ? pairs.length : first, 0, `${name}=${value}`);
    }
  }
  return pairs.join('; ');
}

/** Lists the values of a Cookie line, in order, of one name or of all; a name may occur twice. */
export function cookieValues(line: string, name?: string): string[] {
  return splitLine(line)
    .filter((pair) => (name === undefined ? nameOf(pair) !== '' : nameOf(pair) === name))
    .map((pair) => pair.slice(pair.indexOf('=') + 1));
}

/** Splits a Set-Cookie line. */
export function readSetCookie(setCookie: string): SetCookie {
  const [pair = '', ...rest] = setCookie.split(';');
  const attributes = new Map<string, string>();
  for (const each of rest) {
    const [key = '', ...value] = each.split('=');
    attributes.set(key.trim().toLowerCase(), value.join('=').trim());
  }
  return { name: nameOf(pair), value: pair.slice(pair.indexOf('=') + 1).trim(), attributes };
}

/**
 * True when a cookie's lifetime is over, so that a browser removes it. A valid `Max-Age` has
 * precedence over `Expires`.
 */
export function isRemoval(attributes: ReadonlyMap<string, string>): boolean {
  const age = attributes.get('max-age') ?? '';
  if (/^-?\d+$/.test(age)) return Number(age) <= 0;
  const expires = attributes.get('expires');
  return expires !== undefined && Date.parse(expires) <= Date.now();
}

function splitLine(line: string): string[] {
  return line.split(/;\s*/).filter((pair) => pair !== '');
}

function nameOf(pair: string): string {
  const equals = pair.indexOf('=');
  return (equals < 0 ? '' : pair.slice(0, equals)).trim();
}

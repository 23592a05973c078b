/** Checks of the cookie, as a browser gets it. */
import querystring from 'node:querystring';
import type { Call } from '../call.ts';
import { UsageError } from '../ends.ts';
import type { Code } from '../findings.ts';
import { printable } from '../terminal.ts';
import { type Check, type Finding, Unchecked } from './case.ts';

const PATIENCE = 10_000;

/** The attributes of the session's cookie, and the cache. */
export const cookie: Check = async ({ call }) => {
  const site = siteOf(call);
  if (site === undefined) throw new Unchecked('the cookie: give --site https://…');
  const { page, authorization } = partsOf(site);
  const response = await fetch(page, {
    redirect: 'manual',
    headers: authorization === undefined ? {} : { authorization },
    signal: AbortSignal.any([call.signal, AbortSignal.timeout(PATIENCE)]),
  }).catch((error: Error) => {
    const { code, message } = (error.cause ?? error) as { code?: string; message: string };
    throw new Unchecked(`the cookie: ${page} cannot be fetched (${code ?? message})`, true);
  });
  await response.body?.cancel();
  const found = choose(response.headers.getSetCookie(), call.text('cookie'));
  if (!found) {
    throw new Unchecked(
      `the cookie: ${page} sets none; give a page that starts a session, and --cookie`,
      true,
    );
  }
  return judge(found, response.headers.get('cache-control') ?? '');
};

/** @throws UsageError for a --site that is not a page's address. */
export function siteOf(call: Call): URL | undefined {
  const site = call.text('site');
  if (site === undefined) return undefined;
  if (URL.canParse(site) && /^https?:$/.test(new URL(site).protocol)) return new URL(site);
  const shown = printable(site.replace(/\/\/.*@/, '//…@'));
  throw new UsageError(`--site takes an address such as https://shop.example/, not "${shown}"`);
}

/** A site before its launch has a password, which fetch() refuses in an address, and no message shows. */
function partsOf(url: URL): { page: string; authorization: string | undefined } {
  const account = [url.username, url.password].map((part) => querystring.unescape(part)).join(':');
  url.username = '';
  url.password = '';
  const authorization =
    account === ':' ? undefined : `Basic ${Buffer.from(account).toString('base64')}`;
  return { page: url.href, authorization };
}

interface Cookie {
  readonly name: string;
  /** Attributes by their names in lower case. */
  readonly attributes: ReadonlyMap<string, string>;
}

function choose(lines: readonly string[], name: string | undefined): Cookie | undefined {
  const cookies = lines.map((line): Cookie => {
    const [pair = '', ...rest] = line.split(';').map((part) => part.trim());
    const attributes = rest.map((part): [string, string] => {
      const [key = '', ...value] = part.split('=');
      return [key.toLowerCase(), value.join('=')];
    });
    return { name: pair.split('=', 1)[0] as string, attributes: new Map(attributes) };
  });
  if (name !== undefined) return cookies.find((each) => each.name === name);
  return cookies.find((each) => /sess|sid/i.test(each.name)) ?? cookies[0];
}

function judge({ name, attributes }: Cookie, cache: string): Finding[] {
  const shown = `the cookie ${printable(name)}`;
  const findings: Finding[] = [];
  const add = (code: Code, level: Finding['level'], message: string, remedy: string): void =>
    void findings.push({ code, level, message, remedy });
  if (!attributes.has('httponly')) {
    add(
      'cookie-httponly',
      'error',
      `${shown} has no HttpOnly: any script of the page can read it`,
      'Set-Cookie: …; HttpOnly',
    );
  }
  if (!attributes.has('secure')) {
    add(
      'cookie-secure',
      'error',
      `${shown} has no Secure: it is sent over plain HTTP, too`,
      'Set-Cookie: …; Secure',
    );
  }
  const sameSite = attributes.get('samesite')?.toLowerCase();
  if (sameSite !== 'lax' && sameSite !== 'strict') {
    const message =
      sameSite === undefined
        ? 'no SameSite: browsers differ in their default'
        : `SameSite=${printable(sameSite)}: other sites' forms send it`;
    add('cookie-samesite', 'error', `${shown} has ${message}`, 'Set-Cookie: …; SameSite=Lax');
  }
  if (!/^__(?:Host|Secure|Host-Http|Http)-/.test(name)) {
    add(
      'cookie-prefix',
      'warning',
      `${shown} has no prefix: a subdomain, or a page over HTTP, can plant one of its own`,
      'Set-Cookie: __Host-session=…; Path=/; Secure (the default of the adapters)',
    );
  }
  if (attributes.get('domain')) {
    add(
      'cookie-domain',
      'warning',
      `${shown} has Domain=${printable(attributes.get('domain') ?? '')}: every subdomain gets it`,
      'Leave Domain out.',
    );
  }
  if (!/no-store|private|no-cache/i.test(cache)) {
    add(
      'cookie-cached',
      'error',
      `the response that sets ${shown} may be cached (Cache-Control: ${printable(cache) || 'none'}): a shared cache can give one visitor's session to another`,
      'Cache-Control: no-store',
    );
  }
  return findings;
}

/** The cookie with a session's id. */

/** How the cookie is set. Its id is random, so it needs no signature. */
export type CookieOptions = {
  /**
   * Seconds after which the browser deletes the cookie. The session itself ends by the store's
   * `idle` and `absolute`.
   *
   * @default none: the cookie goes with the browser
   */
  readonly maxAge?: number | undefined;
  /**
   * Whether other sites' pages send the cookie: `Lax` with links, `Strict` never.
   *
   * @default 'Lax'
   */
  readonly sameSite?: 'Strict' | 'Lax' | 'None' | undefined;
} & (
  | {
      /**
       * The name. With `__Host-` the browser takes the cookie over HTTPS only (and from localhost),
       * and no other host or path can set it.
       *
       * @default '__Host-session'
       */
      readonly name?: `__Host-${string}` | undefined;
      /** Always. */
      readonly secure?: true | undefined;
      /** Never: the cookie belongs to one host. */
      readonly domain?: undefined;
      /** Always `/`. */
      readonly path?: undefined;
    }
  | {
      /** The name. Without `__Host-`, another host of the domain may set the same cookie. */
      readonly name: string;
      /**
       * Whether the browser sends the cookie over HTTPS only.
       *
       * @default true
       */
      readonly secure?: boolean | undefined;
      /** A domain whose hosts all get the cookie; undefined for this host alone. */
      readonly domain?: string | undefined;
      /**
       * The path below which the cookie is sent.
       *
       * @default '/'
       */
      readonly path?: string | undefined;
    }
);

const NAMES: Record<keyof CookieOptions, true> = {
  name: true,
  secure: true,
  sameSite: true,
  maxAge: true,
  domain: true,
  path: true,
};

const SITES = ['Strict', 'Lax', 'None'] as const;

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const PATH = /^\/[\x20-\x3a\x3c-\x7e]*$/;
const HOST = /^[\w.-]+$/;

/** A cookie's attributes, as frameworks take them that write the line themselves. */
export interface CookieAttributes {
  /** The path below which the cookie is sent. */
  readonly path: string;
  /** Always: no script reads the cookie. */
  readonly httpOnly: true;
  /** Whether the browser sends the cookie over HTTPS only. */
  readonly secure: boolean;
  /** Whether other sites' pages send the cookie. */
  readonly sameSite: 'strict' | 'lax' | 'none';
  /** A domain whose hosts all get the cookie. */
  readonly domain?: string;
  /** Seconds after which the browser deletes the cookie. */
  readonly maxAge?: number;
}

/** Browsers ignore a cookie whose name and value are longer. */
const LONGEST = 4096;
const ID_LENGTH = 43;

/**
 * Returns the option `cookie` of an adapter.
 *
 * @throws TypeError for an option of the cookie that is written beside `cookie` and not in it.
 */
export function cookieOptionsOf(options: {
  readonly cookie?: CookieOptions | undefined;
}): CookieOptions {
  const stray = Object.keys(options).find((name) => Object.hasOwn(NAMES, name));
  if (stray === undefined) return options.cookie ?? {};
  throw new TypeError(`write the option "${stray}" as { cookie: { ${stray}: … } }`);
}

/** Reads and writes the cookie. */
export class SessionCookie {
  readonly attributes: CookieAttributes;
  readonly #name: string;
  readonly #attributes: string;
  readonly #maxAge: string;

  /**
   * @param options - How the cookie is set.
   * @throws TypeError for attributes with which browsers would refuse it.
   */
  constructor(options: CookieOptions = {}) {
    const { name, secure, sameSite, domain, path, maxAge } = checked(options);
    this.#name = name;
    this.attributes = {
      path,
      httpOnly: true,
      secure,
      sameSite: sameSite.toLowerCase() as CookieAttributes['sameSite'],
      ...(domain !== undefined && { domain }),
      ...(maxAge !== undefined && { maxAge }),
    };
    this.#attributes =
      `; Path=${path}${domain === undefined ? '' : `; Domain=${domain}`}` +
      `; HttpOnly${secure ? '; Secure' : ''}; SameSite=${sameSite}`;
    this.#maxAge = maxAge === undefined ? '' : `; Max-Age=${maxAge}`;
  }

  get name(): string {
    return this.#name;
  }

  /**
   * Returns the id that a request sends.
   *
   * @param header - Its Cookie header.
   */
  read(header: string | null | undefined): string | undefined {
    for (const pair of (header ?? '').split(';')) {
      const at = pair.indexOf('=');
      if (at > 0 && strip(pair.slice(0, at)) === this.#name) return strip(pair.slice(at + 1));
    }
    return undefined;
  }

  /** Returns a Set-Cookie line with an id. */
  set(id: string): string {
    return `${this.#name}=${id}${this.#attributes}${this.#maxAge}`;
  }

  /** Returns a Set-Cookie line that deletes the cookie. */
  clear(): string {
    return `${this.#name}=${this.#attributes}; Max-Age=0`;
  }

  /** Whether a Set-Cookie line sets this cookie. */
  isOwn(line: string): boolean {
    return line.startsWith(`${this.#name}=`);
  }
}

/** Fills in the defaults, and checks what TypeScript would have refused, or browsers will. */
function checked(options: CookieOptions) {
  const { name = '__Host-session', secure = true, domain, path = '/', maxAge } = options;
  // A misspelt option, or `httpOnly: false`.
  const unknown = Object.keys(options).find((each) => !Object.hasOwn(NAMES, each));
  if (unknown !== undefined) {
    const known = Object.keys(NAMES).join(', ');
    throw new TypeError(`the cookie has no option "${unknown}"; known are ${known}`);
  }
  const sameSite = siteOf(options.sameSite);
  if (typeof secure !== 'boolean') {
    throw new TypeError(`secure takes true or false, not ${JSON.stringify(secure)}`);
  }
  if (domain !== undefined && !isText(HOST, domain)) {
    throw new TypeError(`domain takes the name of a host, not ${JSON.stringify(domain)}`);
  }
  if (!isText(PATH, path)) {
    throw new TypeError(
      `path takes visible ASCII without ; that begins with /, not ${JSON.stringify(path)}`,
    );
  }
  if (maxAge !== undefined && !(Number.isSafeInteger(maxAge) && maxAge > 0)) {
    throw new TypeError(`maxAge takes a whole number of seconds above 0, not ${maxAge}`);
  }
  requireName(name);
  // Browsers compare a prefix without regard to case.
  const [prefix] = /^__(host|secure|http)-/.exec(name.toLowerCase()) ?? [];
  if (prefix === '__host-' && (!secure || domain !== undefined || path !== '/')) {
    throw new TypeError(`the cookie ${name} must be secure, with the path / and without a domain`);
  }
  if (!secure && (prefix !== undefined || sameSite === 'None')) {
    throw new TypeError(
      `browsers refuse the cookie ${name} (SameSite=${sameSite}) unless it is secure`,
    );
  }
  return { name, secure, sameSite, domain, path, maxAge };
}

/** Other libraries write the same words in lower case. */
function siteOf(site: unknown = 'Lax'): (typeof SITES)[number] {
  const text = typeof site === 'string' ? site.toLowerCase() : undefined;
  const known = SITES.find((each) => each.toLowerCase() === text);
  if (known !== undefined) return known;
  throw new TypeError(`sameSite takes ${SITES.join(', ')}, not ${JSON.stringify(site)}`);
}

function requireName(name: unknown): void {
  const longest = LONGEST - ID_LENGTH - 1;
  if (isText(TOKEN, name) && name.length <= longest) return;
  throw new TypeError(
    `name takes 1 to ${longest} letters, digits and !#$%&'*+-.^_\`|~, not ${JSON.stringify(name)}`,
  );
}

function isText(form: RegExp, value: unknown): value is string {
  return typeof value === 'string' && form.test(value);
}

/**
 * Removes spaces and tabs at both ends, and nothing else: trim() also takes U+00A0 and others away, and
 * a cookie whose name begins so is not bound by `__Host-` in the browser.
 */
function strip(text: string): string {
  let [from, to] = [0, text.length];
  while (from < to && (text[from] === ' ' || text[from] === '\t')) from += 1;
  while (to > from && (text[to - 1] === ' ' || text[to - 1] === '\t')) to -= 1;
  return text.slice(from, to);
}

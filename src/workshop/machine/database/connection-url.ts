/** A database URL: read, completed, and never printed with its password. */

/** What a user gave, in parts. */
export interface ServerAddress {
  /** `mysql://user:password@host:port/`, complete and without a schema. */
  url: string;
  host: string;
  port: number;
  user: string;
}

/**
 * Reads a server's URL.
 *
 * @param text - `mysql://user:password@host:port/schema`; a schema is ignored.
 * @param variable - The environment variable it came from, for the message.
 * @returns Its parts.
 * @throws Error that says which part is wrong. The text itself is not repeated: it holds a password.
 */
export function readServerUrl(text: string, variable: string): ServerAddress {
  const form = 'It should read mysql://user:password@host:3306/';
  if (!/^(mysql|mariadb):\/\//i.test(text)) {
    const scheme = /^[a-z][\w+.-]*(?=:)/i.exec(text)?.[0];
    throw new Error(
      scheme && scheme.length < 20 && text.startsWith(`${scheme}://`)
        ? `${variable} is a ${scheme} address, not one of MySQL or MariaDB. ${form}.`
        : `${variable} is not a URL: it does not begin with mysql://. ${form}.`,
    );
  }
  let parsed: URL;
  try {
    parsed = new URL(text.replace(/^\w+/, 'mysql'));
  } catch {
    throw new Error(
      `${variable} cannot be read as a URL. ${form}, and in user and password the characters ` +
        '@ : / ? # % are written %40 %3A %2F %3F %23 %25.',
    );
  }
  if (parsed.hostname === '') throw new Error(`${variable} names no host. ${form}.`);
  if (parsed.username === '') throw new Error(`${variable} names no user. ${form}.`);
  for (const part of ['username', 'password'] as const) {
    try {
      decodeURIComponent(parsed[part]);
    } catch {
      const name = part === 'username' ? 'user' : 'password';
      throw new Error(`${variable}: a % in the ${name} must be written %25.`);
    }
  }
  parsed.port ||= '3306';
  parsed.pathname = '/';
  parsed.hash = '';
  return {
    url: parsed.href,
    host: parsed.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(parsed.port),
    user: decodeURIComponent(parsed.username),
  };
}

/**
 * Puts a schema into a server's URL.
 *
 * @param server - The URL, without a schema.
 * @param schema - The schema's name.
 */
export function withSchema(server: string, schema: string): string {
  const url = new URL(server);
  url.pathname = `/${schema}`;
  return url.href;
}

/**
 * Says which part of an address is wrong.
 *
 * @param error - What the first connection or statement threw.
 * @param address - The address it used.
 * @param variable - The environment variable it came from.
 * @returns An error for the user, without the password.
 */
export function explainConnectionError(
  error: unknown,
  address: ServerAddress,
  variable: string,
): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  const { host, port, user } = address;
  const say = (sentence: string): Error => new Error(`${variable}: ${sentence}`, { cause: error });
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return say(`the host "${host}" was not found. Check its spelling.`);
    case 'ECONNREFUSED':
      return say(`nothing listens on port ${port} of ${host}. Is the server running there?`);
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return say(`the host "${host}" cannot be reached from here.`);
    case 'ETIMEDOUT':
      return say(`no MySQL server answered on port ${port} of ${host} within ten seconds.`);
    case 'ER_ACCESS_DENIED_ERROR':
    case 'ER_ACCESS_DENIED_NO_PASSWORD_ERROR':
      return say(`${host} refused the user "${user}" or the password.`);
    case 'ER_HOST_NOT_PRIVILEGED':
    case 'ER_HOST_IS_BLOCKED':
      return say(`${host} lets nobody in from this machine (${message}).`);
    case 'ER_CON_COUNT_ERROR':
      return say(`${host} has no free connection (${message}).`);
    case 'AUTH_SWITCH_PLUGIN_ERROR':
      return say(`the user "${user}" signs in by a method this client does not know (${message}).`);
    case 'ECONNRESET':
    case 'PROTOCOL_CONNECTION_LOST':
    case 'PROTOCOL_UNEXPECTED_PACKET':
      return say(`what listens on port ${port} of ${host} does not speak MySQL's protocol.`);
    default:
      return say(`the connection to ${host}:${port} failed (${message}).`);
  }
}

/** A database URL: parsed, completed, and never printed with its password. */

/** The parts of a server's URL. */
export interface ServerAddress {
  /** `mysql://user:password@host:port/`, complete and without a schema. */
  url: string;
  host: string;
  port: number;
  user: string;
}

const NO_TLS =
  'The workshop watches the statements of a class on the wire, so it connects without TLS. Give ' +
  'the account REQUIRE NONE, or unset the variable: the workshop then starts a server of its own.';

/**
 * Parses a server's URL.
 *
 * @param text - `mysql://user:password@host:port/schema`; a schema is ignored.
 * @param variable - The environment variable it came from, for the message.
 * @throws Error that names the wrong part, without the text: it may contain a password.
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
  if (parsed.searchParams.has('ssl')) {
    throw new Error(`${variable} asks for TLS by ?ssl=…. ${NO_TLS}`);
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

/** Adds a schema to a server's URL. */
export function withSchema(server: string, schema: string): string {
  const url = new URL(server);
  url.pathname = `/${schema}`;
  return url.href;
}

/** Explains a failed connection by the part of the address that caused it, without the password. */
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
      // MariaDB gives this code, too, where an account or the server requires TLS.
      return say(
        `${host} refused the user "${user}" or the password, or requires TLS. ` +
          `Check both; if they are right: ${NO_TLS}`,
      );
    case 'ER_SECURE_TRANSPORT_REQUIRED':
      return say(`${host} requires TLS (${message}). ${NO_TLS}`);
    case 'ER_HOST_NOT_PRIVILEGED':
    case 'ER_HOST_IS_BLOCKED':
      return say(`${host} accepts no connection from this machine (${message}).`);
    case 'ER_CON_COUNT_ERROR':
      return say(`${host} has no free connection (${message}).`);
    case 'AUTH_SWITCH_PLUGIN_ERROR':
      return say(`the user "${user}" has an authentication plugin unknown here (${message}).`);
    case 'ECONNRESET':
    case 'PROTOCOL_CONNECTION_LOST':
    case 'PROTOCOL_UNEXPECTED_PACKET':
      return say(`the server on port ${port} of ${host} does not speak MySQL's protocol.`);
    default:
      return say(`the connection to ${host}:${port} failed (${message}).`);
  }
}

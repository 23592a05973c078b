/** The place of the sessions: the address, the secrets and the options, from all their sources. */
import { readFileSync, statSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { SessionsOptions } from '../store/index.ts';
import { OPTION_NAMES, OurTable, PayloadSeal, settingsOf } from '../store/operate.ts';
import type { Call } from './call.ts';
import { UsageError } from './ends.ts';

/** The options of a store without its connection. */
export type StoreOptions = Partial<Omit<SessionsOptions, 'url' | 'pool' | 'secrets'>>;

/** The place of one call. */
export interface Place {
  readonly url: URL;
  readonly options: StoreOptions & {
    readonly secrets: readonly string[];
    readonly table: string;
    readonly leaseTable: string;
  };
}

/** The members of a configuration; a module may have others, which only its application needs. */
const KNOWN = OPTION_NAMES.filter((name) => name !== 'pool' && name !== 'profile');

/**
 * Reads the options of a store.
 *
 * @throws UsageError that names the wrong value and its source.
 */
export async function optionsOf(call: Call): Promise<Place['options']> {
  return (await read(call)).options;
}

/**
 * Reads the address and the options of a store.
 *
 * @throws UsageError without an address, or with a wrong one.
 */
export async function placeOf(call: Call): Promise<Place> {
  const { options, url } = await read(call);
  const given = call.text('url');
  if (given !== undefined && /:[^@/]+@/.test(given)) {
    call.terminal.warn(
      'a password in --url is visible to every user of this machine: use DATABASE_URL or --config',
    );
  }
  const [text, source] =
    given !== undefined
      ? [given, '--url']
      : url !== undefined
        ? [url, 'url of --config']
        : [call.env['DATABASE_URL'], 'DATABASE_URL'];
  if (!text) {
    throw new UsageError(
      'no address: set DATABASE_URL=mysql://user:password@host:3306/database, or give --config or --url',
    );
  }
  // The text is not shown: it may have a password.
  const address = addressOf(text);
  if (!address) {
    throw new UsageError(
      `${source} is not an address of the form mysql://user:password@host:3306/database; in a password ` +
        'write @ : / ? # % as %40 %3A %2F %3F %23 %25',
    );
  }
  if (address.pathname.length < 2 && !options.table.includes('.')) {
    throw new UsageError(
      `${source} names no database: add it behind the host, as in mysql://user:password@host:3306/database`,
    );
  }
  return { url: address, options };
}

function addressOf(text: string): URL | undefined {
  try {
    const url = new URL(text);
    const { protocol, hostname, username, password, pathname, search, hash } = url;
    // mysql2 decodes each of them, and throws at a % that encodes nothing.
    decodeURIComponent(`${username} ${password} ${pathname}`);
    // A / ? or # in a password ends the host early, so part of the password would be shown as a name.
    if (/[@#]/.test(`${pathname}${search}${hash}`)) return undefined;
    return /^(?:mysql|mariadb):$/.test(protocol) && hostname !== '' ? url : undefined;
  } catch {
    return undefined;
  }
}

async function read(call: Call): Promise<{ options: Place['options']; url: string | undefined }> {
  const path = call.text('config');
  const { url, ...config } = path === undefined ? {} : await configOf(path, call);
  const columns = { ...config.columns, ...columnsOf(call.list('column')) };
  const table = call.text('table') ?? config.table;
  const secrets = secretsOf(call) ?? listOf(config.secrets, path) ?? loneSecretOf(call);
  const options = { ...config, columns, table, secrets };
  return { options: { ...options, ...tablesOf(options, path) }, url };
}

/** Checks the options, and finds the tables. @throws UsageError for what createSessions() would refuse. */
function tablesOf(
  options: StoreOptions & { readonly secrets: readonly string[] },
  path: string | undefined,
): Pick<Place['options'], 'table' | 'leaseTable'> {
  try {
    const { table, columns, leaseTable } = settingsOf({ ...options, url: '' });
    new OurTable(table, columns);
    if (options.seal !== undefined) new PayloadSeal(options.seal);
    return { table, leaseTable };
  } catch (error) {
    const source = path === undefined ? '' : `--config ${path}: `;
    throw new UsageError(`${source}${(error as Error).message}`);
  }
}

async function configOf(path: string, { terminal }: Call): Promise<Partial<SessionsOptions>> {
  const file = resolve(path);
  const text = textOf(path, '--config');
  let value: unknown;
  if (extname(file) === '.json') {
    try {
      value = JSON.parse(text);
    } catch {
      throw new UsageError(`--config ${path} is not JSON`);
    }
  } else {
    value = await defaultOf(file, path);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UsageError(
      `--config ${path} has no object of options (a module: as its default export)`,
    );
  }
  if ('profile' in value) {
    throw new UsageError(
      `--config ${path}: the command line serves the store's own table, and not that of a profile`,
    );
  }
  const unknown = Object.keys(value).find((key) => !KNOWN.includes(key));
  if (unknown !== undefined) {
    throw new UsageError(
      `--config ${path}: there is no option "${unknown}"; known are ${KNOWN.join(', ')}`,
    );
  }
  if (holdsSecret(value, text)) warnIfOpen(path, terminal);
  return value;
}

/** Whether a value to hide is in the file itself; a module may take it from the environment. */
function holdsSecret({ url, secrets, seal }: Partial<SessionsOptions>, text: string): boolean {
  const hidden: unknown[] = [url, secrets, seal?.keys].flat();
  return hidden.some((each) => typeof each === 'string' && text.includes(each));
}

/** Loads a module. Node's message of a syntax error quotes the line, which may have a secret in it. */
async function defaultOf(file: string, path: string): Promise<unknown> {
  try {
    const { default: value } = (await import(pathToFileURL(file).href)) as { default?: unknown };
    return value;
  } catch (error) {
    const { name, code = name } = error as NodeJS.ErrnoException;
    throw new UsageError(`--config ${path} cannot be loaded (${code}): run it with node`);
  }
}

function columnsOf(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((text) => {
      const [column = '', name = '', ...rest] = text.split('=');
      if (column === '' || name === '' || rest.length > 0) {
        throw new UsageError(`--column takes COLUMN=NAME, such as data=payload, not "${text}"`);
      }
      return [column, name];
    }),
  );
}

function secretsOf(call: Call): readonly string[] | undefined {
  const path = call.text('secrets-file');
  if (path !== undefined) {
    warnIfOpen(path, call.terminal);
    const secrets = textOf(path, '--secrets-file').split(/\r?\n/).filter(Boolean);
    if (secrets.length > 0) return secrets;
    throw new UsageError(`--secrets-file ${path} has no secret in it`);
  }
  const secrets = call.env['SESSION_SECRETS']?.split(/[\s,]+/).filter(Boolean) ?? [];
  // As for a variable that is not set: Docker Compose gives a program an empty one.
  return secrets.length > 0 ? secrets : undefined;
}

/** The variable of the quick starts, whose programs have one secret. */
function loneSecretOf({ env: { SESSION_SECRET: secret } }: Call): readonly string[] {
  return secret ? [secret] : [];
}

function listOf(secrets: unknown, path: string | undefined): readonly string[] | undefined {
  if (secrets === undefined) return undefined;
  if (
    Array.isArray(secrets) &&
    secrets.length > 0 &&
    secrets.every((each) => typeof each === 'string')
  )
    return secrets;
  throw new UsageError(`--config ${path}: secrets must be a list of texts, the newest first`);
}

function textOf(path: string, option: string): string {
  try {
    // Some editors begin a file with U+FEFF, which would become a part of the first secret.
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`${option} ${path} cannot be read (${code})`);
  }
}

function warnIfOpen(path: string, terminal: Call['terminal']): void {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  if (process.platform === 'win32' || (mode & 0o004) === 0) return;
  terminal.warn(`every user of this machine may read ${path}: chmod 600 ${path}`);
}

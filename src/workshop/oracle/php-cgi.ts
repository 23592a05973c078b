/** Requests to native PHP over CGI: a new process for each request. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { obtainPhp, type Php } from '../machine/php.ts';
import { run } from '../machine/program.ts';

/** One request to a script. */
export interface PhpRequest {
  /** Absolute path of the PHP file. */
  script: string;
  method?: string | undefined;
  /** The Cookie header: `MySession=1`. */
  cookie?: string | undefined;
  /** The part after the `?`. */
  query?: string | undefined;
  /** Further request headers by name. */
  headers?: Record<string, string> | undefined;
  /** A body, sent as a form unless `headers` names another type. */
  body?: string | undefined;
  /** Environment variables of the script: `{ DATABASE_URL: schema.url }`. */
  env?: Record<string, string> | undefined;
  /** php.ini settings: `{ 'session.gc_probability': '0' }`. */
  settings?: Record<string, string> | undefined;
}

export interface PhpResponse {
  status: number;
  /** All headers in the order in which PHP sent them, its own names. */
  headers: [name: string, value: string][];
  /** The values of the Set-Cookie headers. */
  setCookie: string[];
  body: string;
  bytes: Buffer;
  /** The output of error_log() and PHP's own start-up messages. */
  stderr: string;
}

/** PHP, ready for requests. */
export interface PhpServer {
  readonly version: string;
  /** Runs a script for one request; fails when it crashes or takes longer than ten seconds. */
  request(request: PhpRequest): Promise<PhpResponse>;
  /** Kills requests that are still running. */
  close(): Promise<void>;
}

interface StartPhpOptions {
  progress?: ((line: string) => void) | undefined;
  /** php.ini settings of all requests. */
  settings?: Record<string, string> | undefined;
  /** Environment variables of all requests. */
  env?: Record<string, string> | undefined;
  /** A PHP that was obtained already, with extensions of its own. */
  php?: Php | undefined;
}

/** Milliseconds after which a script is taken for one that hangs: PHP starts anew for each. */
const timeLimit = 60_000;

/**
 * Obtains native PHP: an installed or a fetched php-cgi.
 *
 * @param options - Settings and variables of all requests; `progress` is called before a fetch.
 * @returns PHP; close it at the end of the test file.
 * @throws Error with the reason why PHP cannot be obtained, and how to install it.
 * @example
 * const php = await startPhp({ env: { DATABASE_URL: schema.url } });
 * const { setCookie, body } = await php.request({ script: '/…/counter.php', cookie: 'MySession=1' });
 */
export async function startPhp(options: StartPhpOptions = {}): Promise<PhpServer> {
  const php = options.php ?? (await obtainPhp(options));
  if ('reason' in php) throw new Error(php.reason);
  return new CgiPhp(php, options);
}

class CgiPhp implements PhpServer {
  readonly #php: Php;
  readonly #options: StartPhpOptions;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<PhpResponse>>();
  readonly #folder = mkdtempSync(join(tmpdir(), 'phpsessid-php-cgi-'));
  readonly #iniFiles = new Map<string, string>();

  constructor(php: Php, options: StartPhpOptions) {
    this.#php = php;
    this.#options = options;
  }

  get version(): string {
    return this.#php.version;
  }

  async request(request: PhpRequest): Promise<PhpResponse> {
    const running = this.#run(request);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#running);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /**
   * A file instead of options of the command line: php-cgi ignores all of these when the query
   * begins with `-` (CVE-2012-1823).
   */
  #iniFile(settings: Record<string, string>): string {
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${iniValue(value)}`);
    const text = [...this.#php.ini, ...lines, ''].join('\n');
    const path = this.#iniFiles.get(text) ?? join(this.#folder, `${this.#iniFiles.size}.ini`);
    if (!this.#iniFiles.has(text)) writeFileSync(path, text);
    this.#iniFiles.set(text, path);
    return path;
  }

  async #run(request: PhpRequest): Promise<PhpResponse> {
    const settings = { ...this.#options.settings, ...request.settings };
    const { code, bytes, stderr } = await run(this.#php.path, [], {
      cwd: dirname(request.script),
      // As a web server does, without this process's own environment.
      environment: {
        PATH: process.env['PATH'],
        PHPRC: this.#iniFile(settings),
        PHP_INI_SCAN_DIR: '',
        ...this.#php.env,
        ...this.#options.env,
        ...request.env,
        ...metaVariables(request),
      },
      input: request.body,
      signal: this.#closing.signal,
      timeout: timeLimit,
    });
    const end = /\r?\n\r?\n/.exec(bytes.toString('latin1'));
    if (code === -1 || end === null) {
      throw new Error(
        `php-cgi was killed or sent no headers: ${request.script}\n${stderr}${bytes}`,
      );
    }
    const head = bytes.subarray(0, end.index).toString('latin1');
    return readResponse(head, bytes.subarray(end.index + end[0].length), stderr);
  }
}

/** Quotes a value as `php-cgi -d` does: not if it begins like a number, a word or a string. */
function iniValue(value: string): string {
  return /^([a-z0-9'"]|$)/i.test(value) ? value : `"${value}"`;
}

/** The variables of RFC 3875; with REDIRECT_STATUS php-cgi accepts that a web server runs it. */
function metaVariables(request: PhpRequest): Record<string, string> {
  const { script, method, cookie, query = '', headers = {}, body } = request;
  const path = `/${basename(script)}`;
  const variables: Record<string, string> = {
    GATEWAY_INTERFACE: 'CGI/1.1',
    REDIRECT_STATUS: '200',
    REMOTE_ADDR: '127.0.0.1',
    REQUEST_METHOD: method ?? (body === undefined ? 'GET' : 'POST'),
    REQUEST_URI: query === '' ? path : `${path}?${query}`,
    SCRIPT_FILENAME: script,
    SCRIPT_NAME: path,
    SERVER_NAME: '127.0.0.1',
    SERVER_PORT: '80',
    SERVER_PROTOCOL: 'HTTP/1.1',
    HTTP_HOST: '127.0.0.1',
    QUERY_STRING: query,
  };
  if (cookie !== undefined) variables['HTTP_COOKIE'] = cookie;
  if (body !== undefined) {
    variables['CONTENT_LENGTH'] = String(Buffer.byteLength(body));
    variables['CONTENT_TYPE'] = 'application/x-www-form-urlencoded';
  }
  for (const [name, value] of Object.entries(headers)) {
    const key = name.toUpperCase().replaceAll('-', '_');
    variables[key === 'CONTENT_TYPE' ? key : `HTTP_${key}`] = value;
  }
  return variables;
}

function readResponse(head: string, bytes: Buffer, stderr: string): PhpResponse {
  const all = head.split(/\r?\n/).map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const isStatus = ([name]: [string, string]): boolean => name.toLowerCase() === 'status';
  const headers = all.filter((header) => !isStatus(header));
  return {
    status: Number.parseInt(all.find(isStatus)?.[1] ?? '200', 10),
    headers,
    setCookie: headers
      .filter(([name]) => name.toLowerCase() === 'set-cookie')
      .map(([, value]) => value),
    body: bytes.toString('utf8'),
    bytes,
    stderr,
  };
}

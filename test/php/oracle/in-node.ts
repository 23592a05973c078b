/** Runs sequences in the port. */
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as php from '#php';
import { inputOf, type RequestSource } from '../../../src/php/host.ts';
import { textOf } from '../../../src/php/zend/conversions.ts';
import {
  type PhpKey,
  PhpReference,
  type PhpValue,
  serialize,
} from '../../../src/serialize/index.ts';
import { integerKey } from '../../../src/serialize/numbers.ts';
import { type Bench, install } from './node-handlers.ts';
import type { Entry, Scenario, Step } from './steps.ts';
import { freeze, sent, thaw } from './values.ts';
import '../own-save-path.ts';

type Functions = Record<string, (...values: unknown[]) => unknown>;
type Cookies = Map<string, string | false>;

class StrictError extends Error {
  override readonly name = 'ErrorException';
}

/** exit: ends the program, not the request. */
class Exit extends Error {}

/** Shared by the requests of one scenario. */
class Browser {
  readonly entries: Entry[] = [];
  readonly store: Map<string, string | Uint8Array>;
  readonly cookies: Cookies;
  readonly scenario: Scenario;
  readonly folder: string;

  constructor(scenario: Scenario, folder: string) {
    this.scenario = scenario;
    this.folder = folder;
    this.store = new Map(
      Object.entries(scenario.store ?? {}).map(([id, data]) => [
        JSON.stringify(id),
        thaw(data) as string | Uint8Array,
      ]),
    );
    this.cookies = new Map(
      Object.entries(scenario.cookies ?? {}).map(([name, value]) => [name, sent(value)]),
    );
  }

  note(...entry: Entry): void {
    this.entries.push(entry);
  }

  /** Keeps the cookies of a response, as the next request's header brings them. */
  keep(lines: readonly string[]): void {
    for (const line of lines) {
      const [, name = '', value = ''] = /^Set-Cookie: ([^=]*)=([^;]*)/.exec(line) ?? [];
      if (name === '') continue;
      const request = sourceOf({ cookie: `x=${value}` });
      this.cookies.set(name, inputOf(request).cookie('x') ?? '');
    }
  }
}

/** One request. */
class Run implements Bench {
  readonly given: Map<object, number> = new Map();
  readonly #browser: Browser;
  readonly #headers = new Map<string, [name: string, value: string | readonly string[]]>();
  #headersSent = false;

  constructor(browser: Browser) {
    this.#browser = browser;
  }

  get folder(): string {
    return this.#browser.folder;
  }

  get store(): Browser['store'] {
    return this.#browser.store;
  }

  note(...entry: Entry): void {
    this.#browser.note(...entry);
  }

  get parts(): php.RequestParts {
    const { scenario, cookies } = this.#browser;
    const from = (values: Scenario['query']) => (name: string) =>
      values && Object.hasOwn(values, name) ? sent(values[name]) : undefined;
    const isSent = (): boolean => this.#headersSent;
    const headers = this.#headers;
    return {
      input: scenario.raw
        ? inputOf(sourceOf(scenario.raw))
        : {
            cookie: (name) => cookies.get(name),
            query: from(scenario.query),
            form: from(scenario.form),
            referer: scenario.referer,
          },
      head: {
        get headersSent() {
          return isSent();
        },
        sentFrom: { file: 'sequence.php', line: 1 },
        getHeader: (name) => headers.get(name.toLowerCase())?.[1],
        setHeader(name, value) {
          headers.delete(name.toLowerCase());
          headers.set(name.toLowerCase(), [name, value]);
        },
        removeHeader: (name) => void headers.delete(name.toLowerCase()),
      },
    };
  }

  /** The head leaves. */
  sendHead(): void {
    if (this.#headersSent) return;
    this.#headersSent = true;
    const lines = [...this.#headers.values()].flatMap(([name, value]) =>
      [value].flat().map((each) => textOf(Buffer.from(`${name}: ${each}`, 'latin1'))),
    );
    this.note('headers', freeze(lines));
    this.#browser.keep(lines);
  }

  async perform(step: Step): Promise<void> {
    const { $_SESSION } = php;
    switch (step[0]) {
      case 'call': {
        const [, name, ...values] = step;
        await this.#attempt(name, () => invoke(name, values.map(thaw)));
        return;
      }
      case 'set':
        $_SESSION[step[1]] = thaw(step[2]);
        return;
      case 'delete':
        delete $_SESSION[step[1]];
        return;
      case 'refer':
        refer(step[1], step[2]);
        return;
      case 'replace':
        php.setSessionVariables(thaw(step[1]) as object);
        return;
      case 'variables':
        this.note('variables', variables());
        return;
      case 'handler':
        await this.#attempt('session_set_save_handler', () => install(this, step[1]));
        return;
      case 'header':
        if (!this.#headersSent) this.#setHeader(step[1], step[2] ?? true);
        return;
      case 'flush':
        this.sendHead();
        return;
      case 'age': {
        const moment = new Date(Date.now() - step[2] * 1000);
        await utimes(join(this.#browser.folder, step[1]), moment, moment).catch(() => {});
        return;
      }
      case 'exit':
        throw new Exit();
      case 'throw':
        throw new Error(step[1]);
      case 'later':
        php.register_shutdown_function(async () => {
          for (const each of step.slice(1)) await this.perform(each as Step);
        });
        return;
    }
  }

  /** A step of an error handler, which cannot wait. */
  performNow(step: Step): void {
    if (step[0] !== 'call') return void this.perform(step);
    const [, name, ...values] = step;
    this.note('result', name, freeze(invoke(name, values.map(thaw))));
  }

  #setHeader(line: string, replace: boolean): void {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).trim();
    const present = replace ? [] : [this.#headers.get(name.toLowerCase())?.[1] ?? []].flat();
    this.#headers.delete(name.toLowerCase());
    const isOne = replace && name.toLowerCase() !== 'set-cookie';
    this.#headers.set(name.toLowerCase(), [name, isOne ? value : [...present, value]]);
  }

  async #attempt(name: string, body: () => unknown): Promise<void> {
    try {
      this.note('result', name, freeze(await body()));
    } catch (error) {
      if (error instanceof Exit) throw error;
      const { name: kind, message } = error as Error;
      this.note('throws', name, kind, freeze(message));
    }
  }
}

/** A scenario's raw Cookie header and query string as they would arrive: a character for each byte. */
function sourceOf({ cookie = '', query = '' }: { cookie?: string; query?: string }): RequestSource {
  const onTheWire = (text: string): string => Buffer.from(text).toString('latin1');
  return { cookie: onTheWire(cookie), url: `/?${onTheWire(query)}` };
}

function invoke(name: string, values: readonly unknown[]): unknown {
  if (name === 'SID') return `${php.SID}`;
  const [owner, method] = name.split('::');
  if (method === undefined) return (php as unknown as Functions)[name]?.(...values);
  const handler = owner === 'SessionHandler' ? new php.SessionHandler() : {};
  return (handler as unknown as Functions)[method]?.(...values);
}

/** PHP's `=&`: a variable that is not there becomes null. */
function refer(name: string, to: string): void {
  const { $_SESSION } = php;
  const all = new Map(php.sessionVariables() as Map<PhpKey, PhpValue> | undefined);
  const find = (key: string): PhpValue | undefined => {
    const integer = integerKey(key);
    return all.get(all.has(key) || integer === undefined ? key : integer);
  };
  const value = find(to) ?? null;
  const shared = value instanceof PhpReference ? value : new PhpReference(value);
  if (value !== shared) $_SESSION[to] = shared;
  if (find(name) instanceof PhpReference)
    php.setSessionVariables(all.set(to, shared).set(name, shared));
  else $_SESSION[name] = shared;
}

function variables(): unknown[] {
  const { $_SESSION } = php;
  return Object.keys($_SESSION).map((key) => [
    freeze(key),
    freeze(serialize($_SESSION[key] as PhpValue)),
  ]);
}

async function filesIn(folder: string): Promise<[name: string, data: Buffer][]> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = names
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name));
  return await Promise.all(
    paths.map(
      async (path): Promise<[string, Buffer]> => [
        path.slice(folder.length + 1),
        await readFile(path),
      ],
    ),
  );
}

function settingsOf({ settings = {} }: Scenario, folder: string): Record<string, string> {
  const ours = Object.entries(settings).map(([key, value]) => [`session.${key}`, value]);
  return {
    'session.save_path': folder,
    'session.gc_probability': '0',
    ...Object.fromEntries(ours),
  };
}

async function runOne(
  scenario: Scenario,
  folder: string,
  version: php.PhpVersion,
): Promise<Entry[]> {
  const browser = new Browser(scenario, folder);
  await mkdir(folder, { recursive: true });
  for (const [name, data] of Object.entries(scenario.files ?? {})) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), thaw(data) as string | Uint8Array);
  }
  let run: Run | undefined;
  const options: php.PhpOptions = {
    version,
    settings: settingsOf(scenario, folder),
    lastModified: () => 0,
    onMessage: ({ level, message }) => {
      // PHP's side has only the last of what auto_start said.
      const isEarly = message.startsWith('PHP Request Startup:');
      if (isEarly && browser.entries.at(-1)?.[0] === 'message') browser.entries.pop();
      browser.note('message', level, freeze(message));
      for (const step of scenario.onMessage ?? []) run?.performNow(step);
      if (scenario.strictErrors) throw new StrictError(message);
    },
  };
  for (const steps of [scenario.steps, ...(scenario.next ?? [])]) {
    const current = new Run(browser);
    run = current;
    const program = async (): Promise<void> => {
      for (const step of steps) await current.perform(step);
    };
    // An uncaught exception is a fatal error in PHP: recorded on neither side.
    await php.withPhpRequest(options, program, current.parts).catch(() => undefined);
    current.sendHead();
  }
  for (const [name, data] of await filesIn(folder)) browser.note('file', name, freeze(data));
  return browser.entries;
}

/** Runs every sequence; the answer is one list of entries a sequence. */
export async function runInNode(
  scenarios: readonly Scenario[],
  version: php.PhpVersion = '8.4',
): Promise<{ folder: string; results: Entry[][] }> {
  const folder = await mkdtemp(join(tmpdir(), 'phpsessid-test-'));
  try {
    const results: Entry[][] = [];
    for (const [at, scenario] of scenarios.entries()) {
      results.push(await runOne(scenario, join(folder, String(at)), version));
    }
    return { folder, results };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

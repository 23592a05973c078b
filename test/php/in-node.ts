/** Runs sequences in the port, one request each. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as php from '#php';
import type { Answer, Argument, Entry, Handler, Scenario, Step } from './steps.ts';

type Functions = Record<string, (...values: unknown[]) => unknown>;

class Failure extends Error {
  override readonly name = 'Exception';
}

class Run {
  readonly entries: Entry[] = [];
  readonly store: Map<string, string>;
  readonly headers = new Map<string, [string, string | readonly string[]]>();

  constructor(store: Readonly<Record<string, string>>) {
    this.store = new Map(Object.entries(store));
  }

  note(...entry: Entry): void {
    this.entries.push(entry);
  }

  callbacks(answers: Readonly<Record<string, Answer>>): Functions {
    const { store } = this;
    const own: Functions = {
      open: () => true,
      close: () => true,
      read: (id) => store.get(id as string) ?? '',
      write: (id, data) => store.set(id as string, String(data)) === store,
      destroy: (id) => store.delete(id as string) || true,
      gc: () => 0,
      create_sid: () => `made${store.size}`,
      validate_sid: (id) => store.has(id as string),
      update_timestamp: () => true,
    };
    const entries = Object.entries(own).map(([name, body]): [string, Functions[string]] => [
      name,
      async (...values) => {
        this.note('callback', name, values);
        await null;
        if (!Object.hasOwn(answers, name)) return body(...values);
        const answer = answers[name];
        if (typeof answer === 'object' && answer !== null && 'throws' in answer) {
          throw new Failure(answer.throws);
        }
        return answer;
      },
    ]);
    return Object.fromEntries(entries);
  }
}

/** Gives an object the class name that PHP's side has. */
function named(name: string, methods: object): object {
  const Named = { [name]: class {} }[name] as new () => object;
  return Object.assign(new Named(), methods);
}

function install(run: Run, { form, answers = {} }: Handler): unknown {
  const set = php.session_set_save_handler as unknown as (...values: unknown[]) => boolean;
  const callbacks = run.callbacks(answers);
  if (typeof form === 'number') return set(...Object.values(callbacks).slice(0, form));
  if (form === 'parent') return set(new (parentClass(run))());
  const { create_sid, validate_sid, update_timestamp, ...six } = callbacks;
  if (form === 'id') return set(named('IdHandler', { ...six, create_sid }));
  if (form === 'full') {
    const extra = { create_sid, validateId: validate_sid, updateTimestamp: update_timestamp };
    return set(named('FullHandler', { ...six, ...extra }));
  }
  const handler = named('LooseHandler', six);
  return form === 'unregistered' ? set(handler, false) : set(handler);
}

function parentClass(run: Run): new () => php.SessionHandler {
  return class ParentHandler extends php.SessionHandler {
    override async open(path: string, name: string) {
      run.note('callback', 'open', [path, name]);
      return await super.open(path, name);
    }
    override async close() {
      run.note('callback', 'close', []);
      return await super.close();
    }
    override async read(id: string) {
      run.note('callback', 'read', [id]);
      return await super.read(id);
    }
    override async write(id: string, data: string) {
      run.note('callback', 'write', [id, data]);
      return await super.write(id, data);
    }
    override async destroy(id: string) {
      run.note('callback', 'destroy', [id]);
      return await super.destroy(id);
    }
    override async gc(max: number) {
      run.note('callback', 'gc', [max]);
      return await super.gc(max);
    }
  };
}

async function perform(run: Run, step: Step): Promise<void> {
  const { $_SESSION } = php;
  switch (step[0]) {
    case 'call': {
      const [, name, ...values] = step;
      const body = (): unknown =>
        name === 'SID' ? `${php.SID}` : (php as unknown as Functions)[name]?.(...values);
      await attempt(run, name, body);
      return;
    }
    case 'set':
      $_SESSION[step[1]] = structuredClone(step[2]);
      return;
    case 'delete':
      delete $_SESSION[step[1]];
      return;
    case 'variables':
      run.note('variables', { ...$_SESSION });
      return;
    case 'handler':
      await attempt(run, 'session_set_save_handler', () => install(run, step[1]));
      return;
    case 'later':
      php.register_shutdown_function(async () => {
        for (const each of step.slice(1)) await perform(run, each as Step);
      });
      return;
  }
}

async function attempt(run: Run, name: string, body: () => unknown): Promise<void> {
  try {
    const result = await body();
    run.note('result', name, result === undefined ? null : result);
  } catch (error) {
    run.note('throws', name, (error as Error).name, (error as Error).message);
  }
}

function headerLines(run: Run): string[] {
  return [...run.headers.values()].flatMap(([name, value]) =>
    [value].flat().map((each) => Buffer.from(`${name}: ${each}`, 'latin1').toString()),
  );
}

async function runOne(scenario: Scenario, folder: string): Promise<Entry[]> {
  const run = new Run(scenario.store ?? {});
  await mkdir(folder, { recursive: true });
  for (const [name, data] of Object.entries(scenario.files ?? {})) {
    await writeFile(join(folder, name), data);
  }
  const only = (value: string | undefined) => (name: string) =>
    name === 'PHPSESSID' ? value : undefined;
  const options: php.PhpOptions = {
    settings: { 'session.save_path': folder, 'session.gc_probability': '0' },
    lastModified: () => 0,
    onMessage: ({ level, message }) => run.note('message', level, message),
  };
  const parts: php.RequestParts = {
    input: {
      cookie: only(scenario.cookie),
      query: only(scenario.query),
      form: only(scenario.form),
      referer: scenario.referer,
    },
    head: {
      headersSent: false,
      getHeader: (name) => run.headers.get(name.toLowerCase())?.[1],
      setHeader(name, value) {
        run.headers.delete(name.toLowerCase());
        run.headers.set(name.toLowerCase(), [name, value]);
      },
      removeHeader: (name) => void run.headers.delete(name.toLowerCase()),
    },
  };
  const program = async (): Promise<void> => {
    for (const step of scenario.steps) await perform(run, step);
    run.note('headers', headerLines(run));
  };
  await php.withPhpRequest(options, program, parts).catch(() => undefined);
  for (const name of (await readdir(folder)).sort()) {
    run.note('file', name, await readFile(join(folder, name), 'utf8'));
  }
  return run.entries;
}

/** Runs every sequence; the answer is one list of entries a sequence. */
export async function runInNode(
  scenarios: readonly Scenario[],
): Promise<{ folder: string; results: Entry[][] }> {
  const folder = await mkdtemp(join(tmpdir(), 'phpsessid-test-'));
  try {
    const results: Entry[][] = [];
    for (const [at, scenario] of scenarios.entries()) {
      results.push(await runOne(scenario, join(folder, String(at))));
    }
    return { folder, results };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export type { Argument };

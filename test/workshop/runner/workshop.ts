/**
 * A copy of the workshop for each test, with an empty learner's folder. A copy costs half a second of
 * CPU, so the next test gets that of a test that has ended; the lessons that it changed are restored.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findLesson, readLessons, root } from '../../../src/workshop/course/catalogue.ts';
import { obtainServer } from '../../../src/workshop/machine/database/server.ts';
import { stripTypes } from '../../../src/workshop/machine/program.ts';
import { HANG } from '../../hang.ts';
import { copyInto, copyProject } from '../copy-project.ts';

const terminalProgram = fileURLToPath(new URL('./terminal.py', import.meta.url));

let python: string | undefined;

/** The Python behind `python3`: a version manager's wrapper starts forty processes each time. */
function interpreter(): string {
  const program = 'import sys; print(sys.executable)';
  python ??= execFileSync('python3', ['-c', program], { encoding: 'utf8' }).trim();
  return python;
}

/** The number of tests that some lessons prove. */
export function testsOf(...numbers: number[]): number {
  const lessons = readLessons();
  const proved = numbers.map((number) => findLesson(lessons, number).proves.length);
  return proved.reduce((sum, each) => sum + each);
}

interface Ended {
  code: number | null;
  output: string;
  errors: string;
}

/** A copy of the project, used as a learner uses their clone. */
export interface Workshop {
  readonly folder: string;
  /** Runs a command to its end, without a terminal. */
  run(...args: string[]): Promise<Ended>;
  /** Runs a command to its end under `sh -c`, which gets it as `"$@"`. */
  runUnder(shell: string, ...args: string[]): Promise<Ended>;
  /** Starts a command on a terminal. */
  type(...args: string[]): Typist;
  /** Starts a command on a terminal under a shell with job control, which gets it as `"$@"`. */
  typeUnder(shell: string, ...args: string[]): Typist;
  read(path: string): string;
  write(path: string, text: string): void;
  /** Removes one of the project's files or folders. */
  remove(path: string): void;
  /** The class of lesson `label`, from its folder. */
  classOf(label: string): string;
  /** Names in lessons/mine/history. */
  history(): string[];
}

/** A user at a terminal. */
interface Typist {
  /** Everything that appeared so far, without colours. */
  readonly screen: string;
  /** Presses keys. */
  press(keys: string): void;
  /** Waits until a pattern appears below what was seen already, and returns the match's text. */
  sees(pattern: RegExp): Promise<string>;
  /** Waits for the end. */
  ended(): Promise<Ended>;
  /** Closes the terminal's window. */
  hangUp(): void;
}

let server: ReturnType<typeof obtainServer> | undefined;

interface Copy {
  readonly folder: string;
  readonly children: Set<ChildProcess>;
  /** The paths that the test has changed: a lesson's folder, `lessons/mine`, or another file. */
  readonly changed: Set<string>;
}

const all = new Set<Copy>();
const free: Copy[] = [];
/** The copies that the running test has opened; a copy opened before a file's tests stays until their end. */
let lent: Copy[] = [];

beforeEach(() => {
  lent = [];
});
afterEach(async () => {
  for (const copy of lent.splice(0)) {
    await endChildren(copy);
    for (const path of copy.changed.add('lessons/mine')) restore(copy, path);
    copy.changed.clear();
    free.push(copy);
  }
});

/** Opens a copy of the project in a separate folder, for the test that runs or for the whole file. */
export async function openWorkshop(): Promise<Workshop> {
  server ??= obtainServer();
  const { url } = await server;
  const copy = free.pop() ?? newCopy();
  const { folder, children } = copy;
  lent.push(copy);
  const environment = learnersEnvironment(url);

  const node = (args: string[]): string[] => [
    process.execPath,
    ...stripTypes,
    'src/workshop/runner/main.ts',
    ...args,
  ];
  const start = (command: string[]): Started => {
    const [program = '', ...args] = command;
    const child = spawn(program, args, { cwd: folder, env: environment });
    children.add(child);
    return new Started(child);
  };
  const run = (command: string[]): Promise<Ended> => {
    const started = start(command);
    started.child.stdin?.end();
    return started.ended();
  };
  const lessons = join(folder, 'lessons');
  return {
    folder,
    run: (...args) => run(node(args)),
    runUnder: (shell, ...args) => run(['sh', '-c', shell, 'sh', ...node(args)]),
    type: (...args) => start([interpreter(), terminalProgram, ...node(args)]),
    typeUnder: (shell, ...args) =>
      start([interpreter(), terminalProgram, 'sh', '-mc', shell, 'sh', ...node(args)]),
    read: (path) => readFileSync(join(folder, path), 'utf8'),
    write: (path, text) => {
      copy.changed.add(changedBy(path));
      mkdirSync(join(folder, path, '..'), { recursive: true });
      writeFileSync(join(folder, path), text);
    },
    remove: (path) => {
      copy.changed.add(changedBy(path));
      rmSync(join(folder, path), { recursive: true });
    },
    classOf: (label) => {
      const slug = readdirSync(lessons).find((name) => name.startsWith(`${label}-`));
      return readFileSync(join(lessons, slug ?? '', 'sessions.ts'), 'utf8');
    },
    history: () => {
      try {
        return readdirSync(join(lessons, 'mine/history'));
      } catch {
        return [];
      }
    },
  };
}

/** The environment of a learner's terminal, without what this test runner has set. */
function learnersEnvironment(databaseUrl: string): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    WORKSHOP_DATABASE: databaseUrl,
    LANG: 'C.UTF-8',
    TERM: 'xterm',
  };
  for (const name of ['NODE_TEST_CONTEXT', 'NO_COLOR', 'FORCE_COLOR', 'SEED']) {
    delete environment[name];
  }
  return environment;
}

/** Ends everything that the tests started and removes what they wrote. */
export async function closeWorkshops(): Promise<void> {
  for (const copy of all) {
    await endChildren(copy);
    rmSync(copy.folder, { recursive: true, force: true });
  }
  all.clear();
  await (await server)?.close();
  server = undefined;
}

function newCopy(): Copy {
  const folder = copyProject('workshop-runner-');
  const copy = { folder, children: new Set<ChildProcess>(), changed: new Set<string>() };
  all.add(copy);
  return copy;
}

/** A command makes other files of a lesson's folder from those that a test has changed. */
function changedBy(path: string): string {
  return path.replace(/^(lessons\/[^/]+)\/.*/, '$1');
}

function restore({ folder }: Copy, path: string): void {
  rmSync(join(folder, path), { recursive: true, force: true });
  const original = join(root, path);
  if (path !== 'lessons/mine' && existsSync(original)) {
    copyInto(dirname(join(folder, path)), original);
  }
}

async function endChildren({ children }: Copy): Promise<void> {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, 'exit');
    // terminal.py closes the terminal when its input ends.
    child.stdin?.end();
    await ended;
  }
  children.clear();
}

class Started implements Typist {
  readonly child: ChildProcess;
  #output = '';
  #errors = '';
  #seen = 0;
  readonly #closed: Promise<unknown>;

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text;
    });
    child.stdin?.on('error', () => {});
    this.#closed = once(child, 'close');
  }

  hangUp(): void {
    this.child.stdin?.end();
  }

  get screen(): string {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with ESC
    return this.#output.replaceAll(/\u001b\[\d+m/g, '').replaceAll('\r', '');
  }

  press(keys: string): void {
    this.child.stdin?.write(keys);
  }

  async sees(pattern: RegExp): Promise<string> {
    const limit = AbortSignal.timeout(HANG);
    for (;;) {
      const match = pattern.exec(this.screen.slice(this.#seen));
      if (match) {
        this.#seen += match.index + match[0].length;
        return match[0];
      }
      if (this.child.exitCode !== null) {
        throw new Error(`The command ended and ${pattern} never came:\n${this.screen}`);
      }
      const more = this.child.stdout;
      if (!more) throw new Error('no output');
      try {
        await Promise.race([once(more, 'data', { signal: limit }), this.#closed]);
      } catch {
        throw new Error(`${pattern} did not come within ${HANG / 1_000} s:\n${this.screen}`);
      }
    }
  }

  async ended(): Promise<Ended> {
    await this.#closed;
    return { code: this.child.exitCode, output: this.#output, errors: this.#errors };
  }
}

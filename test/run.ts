/**
 * `npm test`: the steps, and beside them the test files.
 *
 * Without arguments everything runs, and a failed step does not stop the next. Arguments choose
 * steps by name, and test files by their folder or a part of their path: `npm test -- lint`,
 * `npm test -- lab`, `npm test -- cookie`. Every run keeps its logs, and a separate file of its
 * failures.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { styleText } from 'node:util';
import { root } from '../src/workshop/course/catalogue.ts';
import { makeWrongFixes } from '../src/workshop/course/patches.mjs';
import { exitCodeFor, readOptions } from '../src/workshop/machine/command.ts';
import { obtainServer } from '../src/workshop/machine/database/server.ts';
import { offerCluster } from '../src/workshop/machine/galera/host.ts';
import { stripTypes } from '../src/workshop/machine/program.ts';
import { cleanUpBeforeSignals } from '../src/workshop/machine/signals.ts';
import { makeSnapshot } from '../src/workshop/runner/types-snapshot.ts';
import { comparisonsKept } from '../src/workshop/site/comparisons.ts';
import { isPartOf, rooms, testFiles } from './run/files.ts';
import { Logs } from './run/logs.ts';
import { keepSeconds, longestFirst } from './run/order.ts';
import { drawSlowest } from './run/slow.ts';
import { node, type Step, stepsOf } from './run/steps.ts';
import { type SharedBrowser, shareBrowser } from './workshop/open-browser.ts';

interface Outcome {
  step: Step;
  passed: number;
  failed: number;
}

/** The pages are drawn from the results of this run's matrix and of its comparisons with PHP. */
const folder = mkdtempSync(join(tmpdir(), 'phpsessid-test-'));
const matrixFile = join(folder, 'matrix.json');
const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });
process.once('exit', removeFolder);
cleanUpBeforeSignals(removeFolder);

/** Most test files wait for a server or a child now and then; others and the steps use that time. */
const filesAtOnce = Math.max(3, availableParallelism() - 1);

const steps = stepsOf(matrixFile);

/** Milliseconds that a wait may take in a run of everything: see hang.ts. */
const BUSY_HANG = 600_000;

/** Busy loops end by themselves, should this process be killed. */
const BUSY_MINUTES = 30;

const help = `npm test                      everything
npm test -- STEP …            these steps only: ${steps.map(({ name }) => name).join(', ')}
npm test -- ROOM …            the test files of a folder: ${[...rooms(testFiles())].join(', ')}
npm test -- PART …            the test files whose path contains PART
npm test -- PART --times 50   these files 50 times, with a log of each run
npm test -- PART --busy 2     beside 2 processes in a busy loop
npm test -- --slow            names the slowest steps and files at the end
npm test -- --keep            keeps the files' seconds, which order the files of later runs`;

const { values: options, positionals: wanted } = readArguments();
const [times, busy] = [Number(options.times), Number(options.busy)];
const logs = new Logs();

if (options.help) {
  console.log(help);
} else if (!(Number.isInteger(times) && times > 0 && Number.isInteger(busy) && busy >= 0)) {
  console.error(`--times and --busy take whole numbers.\n\n${help}`);
  process.exitCode = 2;
} else {
  process.exitCode = await main();
}

/** Exits with 2 for an option that is unknown, and for one that npm has kept. */
function readArguments() {
  try {
    return readOptions('npm test', {
      options: {
        help: { type: 'boolean', short: 'h' },
        slow: { type: 'boolean' },
        keep: { type: 'boolean' },
        times: { type: 'string', default: '1' },
        busy: { type: 'string', default: '0' },
      },
      allowPositionals: true,
    });
  } catch (error) {
    console.error((error as Error).message);
    process.exit(exitCodeFor(error));
  }
}

async function main(): Promise<number> {
  const all = testFiles();
  const chosen = wanted.length === 0 ? steps : steps.filter((step) => wanted.includes(step.name));
  const files = wanted.length === 0 ? all : all.filter((file) => wanted.some(isPartOf(file, all)));
  if (all.length === 0 || (chosen.length === 0 && files.length === 0)) {
    console.error(`No step and no test file matches "${wanted.join(' ')}". Try npm test -- --help`);
    return 2;
  }

  // The type check reads them as well; the step `conditions` fails for a patch that does not apply.
  makeWrongFixes();
  logs.begin();
  const [server, browser] = await Promise.all([
    obtainServer({ progress: (line) => console.log(line) }),
    files.some(drivesPages) ? offerBrowser() : undefined,
    // A test of the type check fails then, with the reason.
    makeSnapshot().catch((error: Error) => console.log(error.message)),
  ]);
  console.log(`database ${server.version} (${server.origin})`);
  const environment = {
    ...process.env,
    WORKSHOP_DATABASE: server.url,
    WORKSHOP_BROWSER: browser?.address,
    WORKSHOP_CLUSTER: await offerCluster(),
    WORKSHOP_COMPARISONS: folder,
    WORKSHOP_MATRIX: chosen.some((step) => step.name === 'matrix') ? matrixFile : undefined,
    WORKSHOP_TIMES: logs.path('times.tsv'),
    WORKSHOP_HANG: wanted.length === 0 || busy > 0 ? `${BUSY_HANG}` : undefined,
    // The workshop's own children must not take the user's server for the class's schema.
    DATABASE_URL: undefined,
  };
  const loops = Array.from({ length: busy }, startBusyLoop);
  try {
    const tests = runAllFiles(longestFirst(files), environment);
    const lane = (wanted: boolean): Promise<Outcome[]> =>
      runSteps(
        chosen.filter(({ isBeside = false }) => isBeside === wanted),
        tests,
        environment,
      );
    return report((await Promise.all([lane(true), lane(false), tests])).flat());
  } finally {
    for (const loop of loops) loop.kill('SIGKILL');
    await browser?.close();
    await server.close();
  }
}

/** Without a shared browser each file starts one, and fails with the reason if it cannot. */
async function offerBrowser(): Promise<SharedBrowser | undefined> {
  try {
    return await shareBrowser();
  } catch (error) {
    console.log((error as Error).message);
    return undefined;
  }
}

/** Files of these folders open the shared browser. */
function drivesPages(file: string): boolean {
  return /^test\/workshop\/(lab|site)\//.test(file.replaceAll('\\', '/'));
}

/** The steps one after the other; those that read the comparisons wait for them. */
async function runSteps(
  list: Step[],
  tests: Promise<unknown>,
  environment: NodeJS.ProcessEnv,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const step of list) {
    if (step.isLast) await comparisonsKept(folder, tests);
    outcomes.push(await run(step, environment));
  }
  return outcomes;
}

async function runAllFiles(files: string[], environment: NodeJS.ProcessEnv): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (let time = 1; files.length > 0 && time <= times; time += 1) {
    const name = times === 1 ? 'tests' : `tests-${String(time).padStart(3, '0')}`;
    outcomes.push(await runFiles(name, files, environment));
  }
  return outcomes;
}

function startBusyLoop(): ChildProcess {
  const loop = `for (const end = Date.now() + ${BUSY_MINUTES * 60_000}; Date.now() < end; );`;
  return spawn(process.execPath, ['-e', loop], { stdio: 'ignore' });
}

async function run(step: Step, environment: NodeJS.ProcessEnv): Promise<Outcome> {
  const began = performance.now();
  const { code, output } = await spawnStep(step, environment, false);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`${mark(code === 0)} ${step.name} ${seconds} s`);
  if (code !== 0 || step.shown) console.log(output.trimEnd());
  return { step, passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1 };
}

async function runFiles(
  name: string,
  files: string[],
  environment: NodeJS.ProcessEnv,
): Promise<Outcome> {
  const step: Step = {
    name,
    command: [
      ...node,
      '--disable-warning=ExperimentalWarning',
      ...stripTypes,
      'test/run/program.ts',
      logs.failures(name),
      `${filesAtOnce}`,
      ...files,
    ],
  };
  const { code, output } = await spawnStep(step, environment, true);
  const count = (word: string): number =>
    Number(new RegExp(`^ℹ ${word} (\\d+)$`, 'm').exec(output)?.[1] ?? 0);
  const [passed, skipped] = [count('pass'), count('skipped')];
  // A runner that crashed has counted nothing; a run without a test proves nothing.
  const failed = Math.max(count('fail') + count('cancelled'), code !== 0 || passed === 0 ? 1 : 0);
  if (skipped > 0 && process.env['CI']) {
    console.log(`${mark(false)} ${skipped} tests were skipped: in CI every tool must be there`);
    return { step, passed, failed: failed + skipped };
  }
  return { step, passed, failed };
}

async function spawnStep(
  { name, command }: Step,
  environment: NodeJS.ProcessEnv,
  live: boolean,
): Promise<{ code: number; output: string }> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = once(child, 'close') as Promise<[code: number | null]>;
  const release = cleanUpBeforeSignals(() => {
    child.kill();
    return closed;
  });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      logs.append(`${name}.log`, chunk);
    });
    // By lines: what another step prints must not come in the middle of one.
    if (live) createInterface(stream).on('line', (line) => console.log(line));
  }
  const [code] = await closed.finally(release);
  return { code: code ?? 1, output: Buffer.concat(chunks).toString('utf8') };
}

function report(outcomes: Outcome[]): number {
  const total = (key: 'passed' | 'failed'): number =>
    outcomes.reduce((sum, outcome) => sum + outcome[key], 0);
  // Once more, below the hundreds of lines of what has passed.
  for (const { step, failed } of outcomes) {
    if (failed > 0) console.log(`\n${mark(false)} ${step.name}\n${logs.reason(step.name)}`);
  }
  console.log('');
  for (const { step, passed, failed } of outcomes) {
    console.log(`${mark(failed === 0)} ${step.name}: ${passed} passed, ${failed} failed`);
  }
  if (options.keep) keepSeconds(logs.path('times.tsv'));
  if (options.slow) console.log(['', ...drawSlowest(logs.path('times.tsv'), 25)].join('\n'));
  const failures = outcomes
    .map(({ step }) => logs.failures(step.name))
    .filter((path) => existsSync(join(root, path)) && statSync(join(root, path)).size > 0);
  console.log(`\nlogs: ${logs.folder}`);
  for (const path of failures) console.log(`failures: ${path}`);
  console.log(`\n${total('passed')} passed, ${total('failed')} failed`);
  return total('failed') === 0 ? 0 : 1;
}

function mark(good: boolean): string {
  const colour = process.stdout.isTTY && !process.env['NO_COLOR'];
  const word = good ? '✔' : '✘';
  return colour ? styleText(good ? 'green' : 'red', word) : word;
}

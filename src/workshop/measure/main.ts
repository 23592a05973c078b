/**
 * `npm run bench -- NAME`: one benchmark, or all of them.
 *
 * Every benchmark prints ours beside its peers from interleaved rounds of one run. None is a test:
 * a figure is compared with its neighbour, not with a limit.
 *
 * tsx's code defines the name of every function anew each time it makes one, which is up to a tenth of
 * a session's cost. So the benchmarks run in a process without tsx, as the package's code does.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { stripTypes } from '../machine/program.ts';
import { keepTrackOf } from '../sandbox/children.ts';

interface Benchmark {
  about: string;
  /** @returns The exit code. */
  run(options: readonly string[]): Promise<number>;
}

const benchmarks: Record<string, Benchmark> = {
  serialize: {
    about: 'serialize and unserialize beside JSON, two npm packages and PHP itself',
    run: async (options) => {
      const unknown = options.find((option) => option !== '--json');
      if (unknown !== undefined) {
        return refuse(`serialize takes --json and nothing else; got "${unknown}"`);
      }
      await import('./serialize.ts');
      return 0;
    },
  },
  php: {
    about: "PHP's layer beside node:http and express-session; has its own --help",
    run: async (options) => (await import('./web/web.ts')).run('php', options),
  },
  store: {
    about: 'the store beside mysql2 by hand and express-mysql-session; has its own --help',
    run: async (options) => (await import('./store/store.ts')).run(options),
  },
  http: {
    about: 'a page with a session beside Express and PHP; has its own --help',
    run: async (options) => (await import('./web/web.ts')).run('http', options),
  },
  gc: {
    about: 'the deletion of expired sessions beside live ones; has its own --help',
    run: async (options) => (await import('./gc/gc.ts')).run(options),
  },
  lessons: {
    about: "each lesson's class beside PHP and Express; has its own --help",
    run: async (options) => (await import('./lessons/lessons.ts')).run(options),
  },
};

/** The exit code of a wrong command line. */
const REFUSED = 2;

const list = Object.entries(benchmarks)
  .map(([name, { about }]) => `  npm run bench -- ${name.padEnd(10)} ${about}`)
  .join('\n');

const isPlain = process.execArgv.includes(stripTypes[1] as string);
process.exitCode = await (isPlain ? main : runPlain)(process.argv.slice(2));

async function runPlain(argv: readonly string[]): Promise<number> {
  const program = fileURLToPath(import.meta.url);
  const child = spawn(process.execPath, [...stripTypes, program, ...argv], { stdio: 'inherit' });
  keepTrackOf(child);
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

/** Names come first, then options, which are given to all the named benchmarks. */
async function main(argv: readonly string[]): Promise<number> {
  const first = argv.findIndex((each) => each.startsWith('-'));
  const names = first < 0 ? argv : argv.slice(0, first);
  const options = first < 0 ? [] : argv.slice(first);
  const isBenchmark = (name: string): boolean => Object.hasOwn(benchmarks, name);
  const late = options.find(isBenchmark);
  const unknown = names.filter((name) => !isBenchmark(name));
  if (unknown.length > 0) {
    return refuse(`There is no benchmark "${unknown.join(' ')}". There are:\n${list}`);
  }
  if (late !== undefined) {
    return refuse(`Names come before options: npm run bench -- ${late} …\n${list}`);
  }
  if (names.length === 0) {
    if (options.some((option) => option === '--help' || option === '-h')) {
      console.log(`${list}\n\nWithout a name all of them run. --json prints data.`);
      return 0;
    }
    const own = options.find((option) => option !== '--json');
    if (own !== undefined) {
      return refuse(
        `Without a name all benchmarks run, and take --json only; got "${own}".\n${list}`,
      );
    }
  }
  let code = 0;
  for (const name of names.length > 0 ? names : Object.keys(benchmarks)) {
    code = Math.max(code, (await benchmarks[name]?.run(options)) ?? 0);
    if (code === REFUSED) break;
  }
  return code;
}

function refuse(message: string): number {
  console.error(message);
  return REFUSED;
}

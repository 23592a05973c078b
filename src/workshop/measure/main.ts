/**
 * `npm run bench -- NAME`: one benchmark, or all of them.
 *
 * Every benchmark prints ours beside its peers from interleaved rounds of one run. Nothing here is
 * a test: a figure is compared with its neighbour, not with a limit.
 */

interface Benchmark {
  what: string;
  run(options: readonly string[]): Promise<unknown>;
}

const benchmarks: Record<string, Benchmark> = {
  serialize: {
    what: 'serialize and unserialize beside JSON, two npm packages and PHP itself',
    run: (options) => {
      const unknown = options.find((option) => option !== '--json');
      if (unknown === undefined) return import('./serialize.ts');
      return refuse(`serialize takes --json and nothing else; got "${unknown}"`);
    },
  },
  lessons: {
    what: 'what each lesson costs or saves, beside PHP and Express; --help tells its options',
    run: async (options) => {
      process.exitCode = await (await import('./lessons.ts')).run(options);
    },
  },
};

const list = Object.entries(benchmarks)
  .map(([name, { what }]) => `  npm run bench -- ${name.padEnd(10)} ${what}`)
  .join('\n');

await main(process.argv.slice(2));

/** Names first, then options, which all the named benchmarks are given. */
async function main(argv: readonly string[]): Promise<void> {
  const first = argv.findIndex((each) => each.startsWith('-'));
  const names = first < 0 ? argv : argv.slice(0, first);
  const options = first < 0 ? [] : argv.slice(first);
  const late = options.find((option) => benchmarks[option]);
  const unknown = names.filter((name) => !benchmarks[name]);
  if (unknown.length > 0) {
    await refuse(`There is no benchmark "${unknown.join(' ')}". There are:\n${list}`);
  } else if (late !== undefined) {
    await refuse(`Names come before options: npm run bench -- ${late} …\n${list}`);
  } else if (names.length === 0 && (options[0] === '--help' || options[0] === '-h')) {
    console.log(`${list}\n\nWithout a name all of them run. --json prints data.`);
  } else {
    const chosen = names.length > 0 ? names : Object.keys(benchmarks);
    for (const name of chosen) await benchmarks[name]?.run(options);
  }
}

function refuse(message: string): Promise<void> {
  console.error(message);
  process.exitCode = 2;
  return Promise.resolve();
}

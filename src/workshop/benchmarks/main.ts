/**
 * `npm run bench -- NAME`: one benchmark, or all of them.
 *
 * Every benchmark prints ours beside its peers from interleaved rounds of one run. Nothing here is
 * a test: a figure is compared with its neighbour, not with a limit.
 */
import { parseArgs } from 'node:util';

const benchmarks: Record<string, { what: string; run: () => Promise<unknown> }> = {
  serialize: {
    what: 'serialize and unserialize beside JSON, two npm packages and PHP itself',
    run: () => import('./serialize.ts'),
  },
};

const { values, positionals } = parseArgs({
  options: { help: { type: 'boolean', short: 'h' }, json: { type: 'boolean' } },
  allowPositionals: true,
});
const list = Object.entries(benchmarks)
  .map(([name, { what }]) => `  npm run bench -- ${name.padEnd(10)} ${what}`)
  .join('\n');
const unknown = positionals.filter((name) => !benchmarks[name]);

if (values.help) {
  console.log(`${list}\n\nWithout a name all of them run. --json prints data.`);
} else if (unknown.length > 0) {
  console.error(`There is no benchmark "${unknown.join(' ')}". There are:\n${list}`);
  process.exitCode = 2;
} else {
  const names = positionals.length > 0 ? positionals : Object.keys(benchmarks);
  for (const name of names) await benchmarks[name]?.run();
}

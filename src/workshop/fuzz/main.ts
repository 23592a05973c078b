/**
 * `npm run fuzz`: random values, spoiled bytes and sessions, each compared with PHP's result; and
 * `npm run fuzz -- store`: spoiled cookies, rows and envelopes against the store.
 */
import type { PhpVersion } from '../../serialize/index.ts';
import { exitCodeOf, readOptions, WrongCall } from '../machine/command.ts';
import type { Outcome } from './campaign.ts';
import {
  compareMutations,
  compareSessions,
  compareSessionValues,
  compareValues,
} from './campaign.ts';
import { openOracle } from './oracle.ts';
import { spoilStore } from './store.ts';

const USAGE = `npm run fuzz -- [--values N] [--mutations N] [--seed N] [--php VERSION]

  --values N      random values, compared byte for byte and both ways   100000
  --mutations N   spoiled inputs, compared by verdict and message      1000000
  --seed N        the same cases as a run that printed this seed        by the clock
  --php VERSION   8.2, 8.3, 8.4 or 8.5; all but 8.4 are fetched once        8.4

npm run fuzz -- store [--cases N] [--seed N]

  --cases N       spoiled cookies, rows and envelopes against the store    1000000

The three session formats are compared as well: of each, a tenth as many values and a twentieth as
many spoiled inputs.
At a difference it prints the smallest case and the seed, and exits with 1.`;
const VERSIONS: readonly PhpVersion[] = ['8.2', '8.3', '8.4', '8.5'];
/** The count of PHP's last results that are kept for spoiling. */
const CORPUS = 20_000;

/** A run against the store. */
interface StoreCampaign {
  readonly cases: number;
  readonly seed: number;
}

interface Campaign {
  readonly values: number;
  readonly mutations: number;
  readonly seed: number;
  readonly version: PhpVersion;
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new WrongCall(`--${name} ${text}: it must be a whole number, for example --${name} 1000.`);
}

/** Reads the command line; undefined for --help. */
function readCampaign(): Campaign | StoreCampaign | undefined {
  const { values, positionals } = readOptions('npm run fuzz', {
    allowPositionals: true,
    options: {
      values: { type: 'string', default: '100000' },
      mutations: { type: 'string', default: '1000000' },
      cases: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      php: { type: 'string', default: '8.4' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return undefined;
  const [subject, ...others] = positionals;
  if (others.length > 0 || (subject !== undefined && subject !== 'store')) {
    throw new WrongCall(`cannot spoil "${positionals.join(' ')}": there is only "store".`);
  }
  const seed = wholeNumber('seed', values.seed);
  if (subject === 'store') return { cases: wholeNumber('cases', values.cases), seed };
  const version = VERSIONS.find((each) => each === values.php);
  if (!version) {
    throw new WrongCall(`--php ${values.php}: it must be one of ${VERSIONS.join(', ')}.`);
  }
  return {
    values: wholeNumber('values', values.values),
    mutations: wholeNumber('mutations', values.mutations),
    seed,
    version,
  };
}

/** Runs the comparisons. Returns whether there was no difference. */
async function run({ values, mutations, seed, version }: Campaign): Promise<boolean> {
  const corpus: Buffer[] = [];
  let kept = 0;
  const began = performance.now();
  const prototype = JSON.stringify(Object.getOwnPropertyNames(Object.prototype));
  const oracle = await openOracle(version, (line) => console.log(line));
  const report = (name: string, { compared, difference }: Outcome): boolean => {
    console.log(
      `${name}: ${compared} compared, ${difference ?? `no difference from PHP ${version}`}`,
    );
    return difference === undefined;
  };
  const keep = (bytes: Buffer): void => {
    corpus[kept++ % CORPUS] = bytes;
  };
  const equal = [
    report('values, both ways', await compareValues(oracle, seed, values, keep)),
    report('values of $_SESSION', await compareSessionValues(oracle, seed, Math.ceil(values / 10))),
    report('spoiled inputs', await compareMutations(oracle, seed, mutations, corpus)),
    report('sessions', await compareSessions(oracle, seed, Math.ceil(mutations / 20), corpus)),
  ];
  oracle.close();
  console.log(`seed ${seed}, ${((performance.now() - began) / 1000).toFixed(1)} s`);
  if (JSON.stringify(Object.getOwnPropertyNames(Object.prototype)) !== prototype) {
    throw new Error('Object.prototype was touched');
  }
  return equal.every(Boolean);
}

/** Runs the cases against the store. */
async function runStore({ cases, seed }: StoreCampaign): Promise<void> {
  const began = performance.now();
  for (const { kind, compared, refused, taken } of await spoilStore(seed, cases)) {
    console.log(
      `${kind}: ${compared} spoiled, ${refused} refused, ${taken} taken as what they are`,
    );
  }
  console.log(`seed ${seed}, ${((performance.now() - began) / 1000).toFixed(1)} s`);
}

process.exitCode = await exitCodeOf(async () => {
  const campaign = readCampaign();
  if (!campaign) console.log(USAGE);
  else if ('cases' in campaign) await runStore(campaign);
  else if (!(await run(campaign))) return 1;
  return 0;
});

/** Runs sequences in PHP, one interpreter for as many of them as possible. */
import { readFileSync } from 'node:fs';
import type { PhpVersion } from '#php';
import { openWasmPhp, type WasmPhp } from '../../../src/workshop/oracle/wasm.ts';
import type { Entry, Scenario } from './steps.ts';
import { freeze, thaw } from './values.ts';

/** The folder of PHP's files. */
export const FOLDER = '/sequences';

const SEQUENCE = readFileSync(new URL('sequence.php', import.meta.url));

async function open(version: PhpVersion, { settings }: Scenario): Promise<WasmPhp> {
  const ours = Object.entries(settings ?? {}).map(([key, value]) => [`session.${key}`, value]);
  const php = await openWasmPhp({
    version,
    settings: {
      display_errors: '0',
      html_errors: '0',
      'session.save_path': `${FOLDER}/files`,
      'session.gc_probability': '0',
      ...Object.fromEntries(ours),
    },
  });
  php.write(`${FOLDER}/sequence.php`, SEQUENCE);
  return php;
}

/** Makes the folders as a scenario finds them. */
function prepare(php: WasmPhp, scenario: Scenario): void {
  php.remove(`${FOLDER}/files`);
  php.remove(`${FOLDER}/log`);
  php.write(`${FOLDER}/files/.empty`, Buffer.alloc(0));
  php.remove(`${FOLDER}/files/.empty`);
  for (const [name, data] of Object.entries(scenario.files ?? {})) {
    php.write(`${FOLDER}/files/${name}`, Buffer.from(thaw(data) as string));
  }
}

/** One request; false when PHP itself has crashed. */
async function request(php: WasmPhp, scenario: Scenario, number: number): Promise<boolean> {
  const text = Buffer.from(JSON.stringify(scenario)).toString('base64');
  const lines = [
    `<?php const FOLDER = '${FOLDER}'; const REQUEST = ${number};`,
    `define('SCENARIO', json_decode(base64_decode('${text}'), true));`,
    // Without a mention of it, PHP makes no $_SERVER and checks no Referer.
    `$_SERVER; require '${FOLDER}/sequence.php';`,
  ];
  const { referer, raw } = scenario;
  const headers = {
    ...(referer === undefined ? {} : { Referer: referer }),
    ...(raw?.cookie === undefined ? {} : { Cookie: raw.cookie }),
  };
  try {
    await php.run(lines.join('\n'), { headers, query: raw?.query });
    return true;
  } catch {
    // An uncaught exception ends a request with a fatal error: the sequence's own business.
    const alive = php.run("<?php echo 'alive';").then(String, () => '');
    return (await alive).endsWith('alive');
  }
}

/** The outcome, from the log and the folder of session files. */
function entriesOf(php: WasmPhp): Entry[] {
  const entries: Entry[] = [];
  const files: Entry[] = [];
  for (const [path, bytes] of php.readAll(FOLDER)) {
    if (path === 'log') {
      const lines = bytes.toString().split('\n').slice(0, -1);
      entries.push(...lines.map((line) => JSON.parse(line) as Entry));
    } else if (path.startsWith('files/')) {
      files.push(['file', path.slice('files/'.length), freeze(bytes)]);
    }
  }
  return [...entries, ...files];
}

function settingsOf(scenario: Scenario | undefined): string {
  return JSON.stringify(scenario?.settings ?? {});
}

/** Runs every sequence; the answer is one list of entries a sequence, undefined for a crash. */
export async function runInPhp(
  scenarios: readonly Scenario[],
  version: PhpVersion = '8.4',
): Promise<(Entry[] | undefined)[]> {
  const results: (Entry[] | undefined)[] = [];
  let php: WasmPhp | undefined;
  try {
    for (const [at, scenario] of scenarios.entries()) {
      // PHP leaks the files of sessions that end in an error; one day it can open no more.
      if (at % 500 === 0 || settingsOf(scenario) !== settingsOf(scenarios[at - 1])) {
        php?.close();
        php = undefined;
      }
      php ??= await open(version, scenario);
      prepare(php, scenario);
      let isAlive = true;
      for (let number = 0; isAlive && number <= (scenario.next?.length ?? 0); number += 1) {
        isAlive = await request(php, scenario, number);
      }
      results.push(isAlive ? entriesOf(php) : undefined);
      if (!isAlive) php = undefined;
    }
    return results;
  } finally {
    php?.close();
  }
}

/** Runs sequences in PHP, one interpreter for all of them. */
import { readFileSync } from 'node:fs';
import type { PhpVersion } from '#php';
import { openWasmPhp, type WasmPhp } from '../../src/workshop/oracle/wasm.ts';
import type { Entry, Scenario } from './steps.ts';
import { freeze } from './values.ts';

/** Where PHP's side keeps its files. */
export const FOLDER = '/sequences';

const SEQUENCE = readFileSync(new URL('sequence.php', import.meta.url));

async function open(version: PhpVersion): Promise<WasmPhp> {
  const php = await openWasmPhp({ version });
  await php.run(`<?php mkdir('${FOLDER}');`);
  php.write(`${FOLDER}/sequence.php`, SEQUENCE);
  return php;
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
  const headers = scenario.referer === undefined ? {} : { Referer: scenario.referer };
  try {
    await php.run(lines.join('\n'), headers);
    return true;
  } catch {
    // An uncaught exception ends a request with a fatal error: the sequence's own business.
    const alive = php.run('<?php echo 1;').then(String, () => '');
    return (await alive) === '1';
  }
}

/** What happened, from the log and the folder of session files. */
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

/** Runs every sequence; the answer is one list of entries a sequence, undefined for a crash. */
export async function runInPhp(
  scenarios: readonly Scenario[],
  version: PhpVersion = '8.4',
): Promise<(Entry[] | undefined)[]> {
  let php = await open(version);
  try {
    const results: (Entry[] | undefined)[] = [];
    for (const scenario of scenarios) {
      let isAlive = true;
      for (let number = 0; isAlive && number <= (scenario.next?.length ?? 0); number += 1) {
        isAlive = await request(php, scenario, number);
      }
      results.push(isAlive ? entriesOf(php) : undefined);
      // PHP leaks the files of sessions that end in an error; one day it can open no more.
      if (isAlive && results.length % 500 > 0) continue;
      if (isAlive) php.close();
      php = await open(version);
    }
    return results;
  } finally {
    php.close();
  }
}

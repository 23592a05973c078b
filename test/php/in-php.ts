/** Runs sequences in PHP, one interpreter for all of them. */
import { readFileSync } from 'node:fs';
import type { PhpVersion } from '#php';
import { openWasmPhp } from '../../src/workshop/oracle/wasm.ts';
import type { Entry, Scenario } from './steps.ts';

/** Where PHP's side keeps its files. */
export const FOLDER = '/sequences';

const SEQUENCE = readFileSync(new URL('sequence.php', import.meta.url));

const FILES = `<?php
$all = new RecursiveIteratorIterator(new RecursiveDirectoryIterator('${FOLDER}/files', FilesystemIterator::SKIP_DOTS));
foreach ($all as $path => $file) {
  [$at, $name] = explode('/', substr($path, strlen('${FOLDER}/files/')), 2);
  $data = file_get_contents($path);
  $frozen = preg_match('//u', $data) ? $data : ['$' => 'bytes', 'hex' => bin2hex($data)];
  $flags = JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE;
  file_put_contents('${FOLDER}/log', json_encode([(int) $at, ['file', $name, $frozen]], $flags) . "\\n", FILE_APPEND);
}
readfile('${FOLDER}/log');`;

/** Runs every sequence; the answer is one list of entries a sequence. */
export async function runInPhp(
  scenarios: readonly Scenario[],
  version: PhpVersion = '8.4',
): Promise<Entry[][]> {
  const php = await openWasmPhp({ version });
  try {
    await php.run(`<?php mkdir('${FOLDER}/files', 0777, true); touch('${FOLDER}/log');`);
    php.write(`${FOLDER}/sequence.php`, SEQUENCE);
    for (const [at, scenario] of scenarios.entries()) {
      const text = Buffer.from(JSON.stringify({ ...scenario, at })).toString('base64');
      for (let request = 0; request <= (scenario.next?.length ?? 0); request += 1) {
        const lines = [
          `<?php const FOLDER = '${FOLDER}'; const REQUEST = ${request};`,
          `define('SCENARIO', json_decode(base64_decode('${text}'), true));`,
          // Without a mention of it, PHP makes no $_SERVER and checks no Referer.
          `$_SERVER; require '${FOLDER}/sequence.php';`,
        ];
        const headers = scenario.referer === undefined ? {} : { Referer: scenario.referer };
        // An uncaught exception ends a request with a fatal error: the sequence's own business.
        await php.run(lines.join('\n'), headers).catch(() => undefined);
      }
    }
    const results: Entry[][] = scenarios.map(() => []);
    for (const line of (await php.run(FILES)).toString().split('\n')) {
      if (line === '') continue;
      const [at, entry] = JSON.parse(line) as [number, Entry];
      results[at]?.push(entry);
    }
    return results;
  } finally {
    php.close();
  }
}

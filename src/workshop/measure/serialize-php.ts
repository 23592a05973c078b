import { spawnSync } from 'node:child_process';
import { openWasmPhp } from '../oracle/wasm.ts';

/** PHP's own times on the same bytes: microseconds for a call, and its peak of bytes. */
interface PhpTimes {
  readonly serialize: number;
  readonly unserialize: number;
  readonly memory: number;
}

/** Runs one round of PHP on serialized bytes. */
type PhpRound = (bytes: Buffer) => Promise<PhpTimes>;

const MEASURE = `
$value = unserialize($bytes);
$time = function (callable $call): float {
  $times = 1;
  for (;;) {
    $began = hrtime(true);
    for ($turn = 0; $turn < $times; $turn++) $call();
    $took = hrtime(true) - $began;
    if ($took > 1e7) return $took / $times / 1e3;
    $times *= 2;
  }
};
$serialize = $time(fn () => serialize($value));
$unserialize = $time(fn () => unserialize($bytes));
memory_reset_peak_usage();
$before = memory_get_usage();
unserialize($bytes);
echo json_encode(['serialize' => $serialize, 'unserialize' => $unserialize,
  'memory' => memory_get_peak_usage() - $before]);
`;

/** Starts the PHPs to compare with: npm's, and an installed one if there is one. */
export async function openPhps(): Promise<{ rounds: Map<string, PhpRound>; close(): void }> {
  const wasm = await openWasmPhp();
  const rounds = new Map<string, PhpRound>();
  rounds.set('PHP 8.4 (wasm)', async (bytes) => {
    wasm.write('/tmp/bytes', bytes);
    const output = await wasm.run(`<?php $bytes = file_get_contents('/tmp/bytes'); ${MEASURE}`);
    return JSON.parse(output.toString()) as PhpTimes;
  });
  const version = spawnSync('php', ['-r', 'echo PHP_VERSION;'], { encoding: 'utf8' });
  if (version.status === 0) {
    rounds.set(`PHP ${version.stdout}`, (bytes) => {
      const script = `$bytes = stream_get_contents(STDIN); ${MEASURE}`;
      const ran = spawnSync('php', ['-n', '-r', script], { input: bytes, encoding: 'utf8' });
      if (ran.status !== 0) return Promise.reject(new Error(`php: ${ran.stderr}`));
      return Promise.resolve(JSON.parse(ran.stdout) as PhpTimes);
    });
  }
  return { rounds, close: wasm.close };
}

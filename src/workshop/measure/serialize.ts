// Times this library's serializer beside JSON, its peers and PHP itself. Rounds are interleaved, so
// that the load of other processes slows down all alike; the table has medians.
import { createRequire } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { serialize, unserialize } from '../../serialize/index.ts';
import { quantile } from './figures.ts';
import { type Load, loads } from './serialize-data.ts';
import { openPhps } from './serialize-php.ts';

type Call = () => unknown;

interface Peer {
  readonly name: string;
  readonly serialize: Call | undefined;
  readonly unserialize: Call | undefined;
}

const ROUNDS = 9;
/** Long enough to make up for the CPU caches, which PHP's turn has filled. */
const ROUND_MS = 50;

const require = createRequire(import.meta.url);
const peerSerialize = require('php-serialize') as {
  serialize(value: unknown): string;
  unserialize(text: string): unknown;
};
const peerUnserialize = require('phpunserialize') as (text: string) => unknown;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
let sink: unknown;

function peersFor(value: Load['value'], bytes: Buffer): Peer[] {
  const json = Buffer.from(JSON.stringify(value));
  return [
    {
      name: 'this library',
      serialize: () => serialize(value),
      unserialize: () => unserialize(bytes),
    },
    {
      name: 'JSON',
      serialize: () => Buffer.from(JSON.stringify(value)),
      unserialize: () => JSON.parse(json.toString()) as unknown,
    },
    {
      name: 'php-serialize',
      serialize: () => Buffer.from(peerSerialize.serialize(value)),
      unserialize: () => peerSerialize.unserialize(bytes.toString()),
    },
    {
      name: 'phpunserialize',
      serialize: undefined,
      unserialize: () => peerUnserialize(bytes.toString()),
    },
  ];
}

/** Lets the engine compile for all loads, as in a running server; else the first load is slower. */
function warmUp(all: readonly Load[]): void {
  for (const { value } of all) {
    const bytes = serialize(value);
    for (const peer of peersFor(value, bytes)) {
      for (const call of [peer.serialize, peer.unserialize]) if (call) calibrate(call);
    }
  }
}

/** Returns how many calls fit into one round. */
function calibrate(call: Call): number {
  for (let times = 1; ; times *= 2) {
    if (microseconds(call, times) * times > ROUND_MS * 1000) return times;
  }
}

function microseconds(call: Call, times: number): number {
  const began = process.hrtime.bigint();
  for (let turn = 0; turn < times; turn++) sink = call();
  return Number(process.hrtime.bigint() - began) / 1000 / times;
}

/** Returns the most bytes that one call allocated, buffers included. */
function memory(call: Call): number {
  let most = 0;
  for (let turn = 0; turn < 5; turn++) {
    sink = undefined;
    collect();
    const before = process.memoryUsage();
    sink = call();
    const after = process.memoryUsage();
    most = Math.max(most, after.heapUsed + after.external - before.heapUsed - before.external);
  }
  return most;
}

const phps = await openPhps();
const table: Record<string, string>[] = [];
const all = loads();
warmUp(all);
for (const load of all) {
  const bytes = serialize(load.value);
  const calls = peersFor(load.value, bytes).flatMap((peer) =>
    (['serialize', 'unserialize'] as const).flatMap((task) => {
      const call = peer[task];
      if (call === undefined) return [];
      return [{ name: peer.name, task, call, times: calibrate(call), rounds: [] as number[] }];
    }),
  );
  const php = [...phps.rounds].map(([name, round]) => ({
    name,
    round,
    serialize: [] as number[],
    unserialize: [] as number[],
    memory: 0,
  }));
  for (let round = 0; round < ROUNDS; round++) {
    for (const entry of calls) entry.rounds.push(microseconds(entry.call, entry.times));
    for (const entry of php) {
      const times = await entry.round(bytes);
      entry.serialize.push(times.serialize);
      entry.unserialize.push(times.unserialize);
      entry.memory = times.memory;
    }
  }
  for (const task of ['serialize', 'unserialize'] as const) {
    const json = quantile(
      calls.find((it) => it.name === 'JSON' && it.task === task)?.rounds ?? [],
      0.5,
    );
    const row = (name: string, rounds: readonly number[], bytesUsed: number): void => {
      const time = quantile(rounds, 0.5);
      table.push({
        load: `${load.name} (${bytes.length} B)`,
        task,
        who: name,
        µs: time.toFixed(time < 100 ? 2 : 0),
        'JSON = 1': (json / time).toFixed(2),
        target: name === 'this library' ? `≥ ${load[`${task}Target`].toFixed(2)}` : '',
        memory: Number.isNaN(bytesUsed) ? '' : `${(bytesUsed / 1024).toFixed(1)} KB`,
      });
    };
    for (const entry of calls) {
      if (entry.task === task) row(entry.name, entry.rounds, memory(entry.call));
    }
    for (const entry of php) {
      row(entry.name, entry[task], task === 'unserialize' ? entry.memory : Number.NaN);
    }
  }
}
phps.close();
if (process.argv.includes('--json')) console.log(JSON.stringify(table, null, 2));
else console.table(table);
if (sink === null) throw new Error('a call returned nothing');

import { readFileSync } from 'node:fs';
import type { PhpVersion, SessionFormat } from '../../serialize/index.ts';
import { openWasmPhp } from '../oracle/wasm.ts';
import type { Plan } from './build-value.ts';

/** PHP's result for one case. */
export interface Answer {
  readonly bytes: Buffer;
  /** Each message as its level's number, a space, and the text. */
  readonly messages: readonly string[];
}

/** A PHP that takes thousands of cases in one call. */
export interface Oracle {
  readonly version: PhpVersion;
  serialize(plans: readonly Plan[]): Promise<Answer[]>;
  unserialize(inputs: readonly Uint8Array[]): Promise<Answer[]>;
  /** Returns the results of `session_encode()` for these values of `$_SESSION`. */
  encode(format: SessionFormat, plans: readonly Plan[]): Promise<Answer[]>;
  session(format: SessionFormat, inputs: readonly Uint8Array[]): Promise<Answer[]>;
  close(): void;
}

const SCRIPT = readFileSync(new URL('oracle.php', import.meta.url), 'utf8').replace('<?php', '');
const INPUT = '/tmp/fuzz-input';
/** Each run leaves file descriptors open in PHP's file system, which has 4096 of them. */
const MOST_RUNS = 500;

/** Starts npm's PHP for comparisons; all releases but 8.4 are fetched once. */
export async function openOracle(
  version: PhpVersion = '8.4',
  progress?: ((line: string) => void) | undefined,
): Promise<Oracle> {
  let php = await openWasmPhp({ version, progress });
  let runs = 0;
  const ask = async (task: string, lines: readonly string[]): Promise<Answer[]> => {
    if (lines.length === 0) return [];
    if (++runs > MOST_RUNS) {
      php.close();
      php = await openWasmPhp({ version, progress });
      runs = 1;
    }
    php.write(INPUT, Buffer.from(`${lines.join('\n')}\n`));
    const output = await php.run(
      `<?php define('FUZZ_INPUT', '${INPUT}'); define('FUZZ_TASK', '${task}'); ${SCRIPT}`,
    );
    const answers = output.toString('latin1').split('\n');
    if (answers.length !== lines.length) {
      throw new Error(`PHP answered ${answers.length} of ${lines.length} cases: ${answers[0]}`);
    }
    return answers.map((answer) => {
      const [bytes = '', messages = ''] = answer.split(' ');
      const text = Buffer.from(messages, 'base64').toString();
      return {
        bytes: Buffer.from(bytes, 'base64'),
        messages: text === '' ? [] : text.split('\n'),
      };
    });
  };
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  const planned = (plan: Plan): string => base64(Buffer.from(JSON.stringify(plan)));
  return {
    version,
    serialize: (plans) => ask('serialize', plans.map(planned)),
    encode: (format, plans) =>
      ask(
        'encode',
        plans.map((plan) => `${format} ${planned(plan)}`),
      ),
    unserialize: (inputs) => ask('unserialize', inputs.map(base64)),
    session: (format, inputs) =>
      ask(
        'session',
        inputs.map((bytes) => `${format} ${base64(bytes)}`),
      ),
    close: () => php.close(),
  };
}

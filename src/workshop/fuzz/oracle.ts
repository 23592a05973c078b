import { readFileSync } from 'node:fs';
import type { PhpVersion, SessionFormat } from '../../serialize/index.ts';
import { openWasmPhp } from '../oracle/wasm.ts';
import { type Plan, settle } from './plans.ts';

/** What PHP made of one case. */
export interface Answer {
  readonly bytes: Buffer;
  /** Each as its level in PHP's number, a space, and the text. */
  readonly messages: readonly string[];
}

/** PHP, asked about thousands of cases at once. */
export interface Oracle {
  readonly version: PhpVersion;
  serialize(plans: readonly Plan[]): Promise<Answer[]>;
  unserialize(inputs: readonly Uint8Array[]): Promise<Answer[]>;
  /** What `session_encode()` gives for these values of `$_SESSION`. */
  encode(format: SessionFormat, plans: readonly Plan[]): Promise<Answer[]>;
  session(format: SessionFormat, inputs: readonly Uint8Array[]): Promise<Answer[]>;
  close(): void;
}

const SCRIPT = readFileSync(new URL('oracle.php', import.meta.url), 'utf8').replace('<?php', '');
const INPUT = '/tmp/fuzz-input';

/**
 * Starts the PHP of npm for comparisons.
 *
 * @param version the PHP release; all but 8.4 are fetched once
 * @param progress told when it is fetched
 * @returns the oracle; close it at the end
 */
export async function openOracle(
  version: PhpVersion = '8.4',
  progress?: ((line: string) => void) | undefined,
): Promise<Oracle> {
  const php = await openWasmPhp({ version, progress });
  const ask = async (task: string, lines: readonly string[]): Promise<Answer[]> => {
    if (lines.length === 0) return [];
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
  const planned = (plan: Plan): string => base64(Buffer.from(JSON.stringify(settle(plan))));
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
    close: php.close,
  };
}

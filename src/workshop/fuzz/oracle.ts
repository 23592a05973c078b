import { readFileSync } from 'node:fs';
import type { SessionFormat } from '../../serialize/index.ts';
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
  serialize(plans: readonly Plan[]): Promise<Answer[]>;
  unserialize(inputs: readonly Uint8Array[]): Promise<Answer[]>;
  session(format: SessionFormat, inputs: readonly Uint8Array[]): Promise<Answer[]>;
  close(): void;
}

const SCRIPT = readFileSync(new URL('oracle.php', import.meta.url), 'utf8').replace('<?php', '');
const INPUT = '/tmp/fuzz-input';

/**
 * Starts the PHP of npm for comparisons.
 *
 * @returns the oracle; close it at the end
 */
export async function openOracle(): Promise<Oracle> {
  const php = await openWasmPhp();
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
  return {
    serialize: (plans) =>
      ask(
        'serialize',
        plans.map((plan) => base64(Buffer.from(JSON.stringify(settle(plan))))),
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

import fc from 'fast-check';
import type { SessionFormat } from '../../serialize/index.ts';
import type { Plan } from './build-value.ts';
import { compareSession, compareValue, compareVariables, compareVerdict } from './compare.ts';
import { mutations } from './mutate.ts';
import type { Answer, Oracle } from './oracle.ts';
import { arrayPlans, plans } from './plans.ts';

/** The count of compared cases, and the smallest case of the first difference. */
export interface Outcome {
  readonly compared: number;
  readonly difference: string | undefined;
}

/** Cases of one kind, and the function that compares PHP and the library on them. */
interface Comparison<Case> {
  readonly cases: fc.Arbitrary<Case>;
  /** The cases to shrink a difference with, if `cases` do not shrink well. */
  readonly smaller?: fc.Arbitrary<Case>;
  ask(cases: readonly Case[]): Promise<readonly Answer[]>;
  /** Returns the difference, or undefined. */
  compare(one: Case, answer: Answer): string | undefined;
}

/** The number of cases that one call of PHP compares. */
const BATCH = 4000;
/** The time spent on shrinking a failing case, in milliseconds. */
const PATIENCE = 60_000;
const FORMATS: readonly SessionFormat[] = ['php', 'php_binary', 'php_serialize'];
const NAMES = ['a', 'b', 'user', '5', '-7', '', '__proto__', 'é', '!x', 'long'.repeat(32)];

/** Compares random values with PHP, byte for byte and both ways; `keep` receives their bytes. */
export async function compareValues(
  oracle: Oracle,
  seed: number,
  count: number,
  keep: (bytes: Buffer) => void,
): Promise<Outcome> {
  return await compareCases<Plan>(seed, count, {
    cases: plans,
    ask: async (batch) => {
      const answers = await oracle.serialize(batch);
      for (const { bytes } of answers) keep(bytes);
      return answers;
    },
    compare: compareValue,
  });
}

/**
 * Compares random arrays as `$_SESSION` with PHP, `count` in each of the three formats and both
 * ways.
 */
export async function compareSessionValues(
  oracle: Oracle,
  seed: number,
  count: number,
): Promise<Outcome> {
  return await inEachFormat(count, (format) =>
    compareCases<Plan>(seed, count, {
      cases: arrayPlans,
      ask: (batch) => oracle.encode(format, batch),
      compare: (plan, answer) => compareVariables(format, plan, answer, oracle.version),
    }),
  );
}

/** Compares the verdicts on spoiled bytes; the corpus is bytes that PHP wrote. */
export async function compareMutations(
  oracle: Oracle,
  seed: number,
  count: number,
  corpus: readonly Buffer[],
): Promise<Outcome> {
  return await compareCases<Buffer>(seed, count, {
    cases: mutations(fc.constantFrom(...corpus)),
    smaller: anyBytes,
    ask: (batch) => oracle.unserialize(batch),
    compare: (input, answer) => compareVerdict(input, answer, oracle.version),
  });
}

/** Compares sessions in the three formats, `count` in each, whole and spoiled. */
export async function compareSessions(
  oracle: Oracle,
  seed: number,
  count: number,
  corpus: readonly Buffer[],
): Promise<Outcome> {
  return await inEachFormat(count, (format) => {
    const whole = sessions(format, corpus);
    return compareCases<Buffer>(seed, count, {
      cases: fc.oneof(whole, mutations(whole)),
      smaller: anyBytes,
      ask: (batch) => oracle.session(format, batch),
      compare: (input, answer) => compareSession(format, input, answer, oracle.version),
    });
  });
}

const anyBytes = fc.uint8Array({ size: 'max' }).map(
  (bytes) => Buffer.from(bytes),
  // Lets fast-check shrink bytes that it has not made.
  (bytes) => new Uint8Array(bytes as Buffer),
);

function sessions(format: SessionFormat, corpus: readonly Buffer[]): fc.Arbitrary<Buffer> {
  const value = fc.constantFrom(...corpus);
  if (format === 'php_serialize') return value;
  const name = fc.constantFrom(...NAMES).map((text) => Buffer.from(text));
  return fc
    .array(fc.tuple(name, value), { maxLength: 3 })
    .map((variables) =>
      Buffer.concat(
        variables.flatMap(([name, bytes]) =>
          format === 'php'
            ? [name, Buffer.from('|'), bytes]
            : [Buffer.of(name.length & 255), name, bytes],
        ),
      ),
    );
}

async function inEachFormat(
  count: number,
  compare: (format: SessionFormat) => Promise<Outcome>,
): Promise<Outcome> {
  for (const format of FORMATS) {
    const outcome = await compare(format);
    if (outcome.difference !== undefined) return outcome;
  }
  return { compared: count * FORMATS.length, difference: undefined };
}

/** Asks PHP in batches; fast-check then finds the smallest case of the first difference. */
async function compareCases<Case>(
  seed: number,
  count: number,
  { cases, smaller, ask, compare }: Comparison<Case>,
): Promise<Outcome> {
  const differs = (one: Case, answer: Answer | undefined): string | undefined => {
    if (answer === undefined) return 'PHP gave no answer';
    try {
      return compare(one, answer);
    } catch (error) {
      return `here ${String(error)}`;
    }
  };
  const property = (arbitrary: fc.Arbitrary<Case>): fc.IAsyncPropertyWithHooks<[Case]> =>
    fc.asyncProperty(arbitrary, async (one) => {
      const [answer] = await ask([one]);
      const difference = differs(one, answer);
      if (difference === undefined) return;
      // A comparison of bytes shows them itself.
      const shown = Buffer.isBuffer(one) ? '' : `\n${JSON.stringify(one)}`;
      throw new Error(difference + shown);
    });
  for (let done = 0; done < count; done += BATCH) {
    const source = { seed: (seed + done) | 0, numRuns: Math.min(BATCH, count - done) };
    const batch = fc.sample(cases, source);
    const answers = await ask(batch);
    const failing = batch.findIndex((one, at) => differs(one, answers[at]) !== undefined);
    if (failing < 0) continue;
    const limits = { numRuns: 1, interruptAfterTimeLimit: PATIENCE };
    const smallest =
      smaller === undefined
        ? await fc.check(property(cases), { ...source, ...limits, path: String(failing) })
        : await fc.check(property(smaller), { ...limits, examples: [[batch[failing] as Case]] });
    const found = smallest.errorInstance;
    const difference =
      found instanceof Error
        ? found.message
        : `${differs(batch[failing] as Case, answers[failing])}\nnot again by itself`;
    return { compared: done, difference };
  }
  return { compared: count, difference: undefined };
}

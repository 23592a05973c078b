import type { SessionFormat } from '../../serialize/index.ts';
import { compareSession, compareValue, compareVariables, compareVerdict, show } from './compare.ts';
import { mutate } from './mutate.ts';
import type { Answer, Oracle } from './oracle.ts';
import { type Plan, planValue, type Random } from './plans.ts';
import { shrink, smallerBytes, smallerPlans } from './shrink.ts';

/** What one run compared, and the smallest case of the first difference. */
export interface Outcome {
  readonly compared: number;
  readonly difference: string | undefined;
}

const BATCH = 4000;
const FORMATS: readonly SessionFormat[] = ['php', 'php_binary', 'php_serialize'];

/**
 * Compares random values with PHP, byte for byte and both ways.
 *
 * @param oracle PHP
 * @param random the source of chance
 * @param count how many values
 * @param keep is given each of PHP's bytes, to be spoiled later
 * @returns how many were equal, or the smallest that is not
 */
export async function compareValues(
  oracle: Oracle,
  random: Random,
  count: number,
  keep: (bytes: Buffer) => void = () => {},
): Promise<Outcome> {
  return comparePlans(count, () => planValue(random), {
    ask: async (plans) => {
      const answers = await oracle.serialize(plans);
      for (const answer of answers) keep(answer.bytes);
      return answers;
    },
    compare: compareValue,
  });
}

/**
 * Compares random arrays as `$_SESSION` with PHP, in the three formats and both ways.
 *
 * @param oracle PHP
 * @param random the source of chance
 * @param count how many arrays for each format
 * @returns how many were equal, or the smallest that is not
 */
export async function compareSessionValues(
  oracle: Oracle,
  random: Random,
  count: number,
): Promise<Outcome> {
  const next = (): Plan => {
    for (;;) {
      const plan = planValue(random);
      if (plan.kind === 'array') return plan;
    }
  };
  for (const format of FORMATS) {
    const outcome = await comparePlans(count, next, {
      ask: (plans) => oracle.encode(format, plans),
      compare: (plan, answer) =>
        plan.kind === 'array' ? compareVariables(format, plan, answer, oracle.version) : undefined,
    });
    if (outcome.difference !== undefined) return outcome;
  }
  return { compared: count * FORMATS.length, difference: undefined };
}

interface PlanCase {
  ask(plans: readonly Plan[]): Promise<Answer[]>;
  compare(plan: Plan, answer: Answer): string | undefined;
}

async function comparePlans(
  count: number,
  next: () => Plan,
  { ask, compare }: PlanCase,
): Promise<Outcome> {
  const differs = (plan: Plan, answer: Answer | undefined): string | undefined => {
    if (answer === undefined) return 'PHP gave no answer';
    try {
      return compare(plan, answer);
    } catch (error) {
      return `here ${String(error)}`;
    }
  };
  for (let done = 0; done < count; done += BATCH) {
    const plans = Array.from({ length: Math.min(BATCH, count - done) }, next);
    const answers = await ask(plans);
    const failing = plans.find((plan, index) => differs(plan, answers[index]) !== undefined);
    if (failing === undefined) continue;
    const smallest = await shrink(failing, smallerPlans, async (candidates) => {
      const verdicts = await ask(candidates);
      return candidates.map((plan, index) => differs(plan, verdicts[index]) !== undefined);
    });
    const [answer] = await ask([smallest]);
    const difference =
      differs(smallest, answer) ??
      `${differs(failing, answers[plans.indexOf(failing)])}\nnot again for`;
    return { compared: done, difference: `${difference}\n${JSON.stringify(smallest)}` };
  }
  return { compared: count, difference: undefined };
}

/**
 * Compares the verdicts on spoiled bytes.
 *
 * @param oracle PHP
 * @param random the source of chance
 * @param count how many inputs
 * @param corpus bytes that PHP wrote
 * @returns how many verdicts were equal, or the shortest input on which they are not
 */
export async function compareMutations(
  oracle: Oracle,
  random: Random,
  count: number,
  corpus: readonly Buffer[],
): Promise<Outcome> {
  const judge = (inputs: readonly Buffer[]): ReturnType<Oracle['unserialize']> =>
    oracle.unserialize(inputs);
  return compareBytes(
    count,
    () => mutate(pick(corpus, random), random),
    judge,
    (input, answer) => compareVerdict(input, answer, oracle.version),
  );
}

/**
 * Compares sessions in the three formats, whole and spoiled.
 *
 * @param oracle PHP
 * @param random the source of chance
 * @param count how many inputs of each format
 * @param corpus bytes that PHP wrote
 * @returns how many were equal, or the shortest that is not
 */
export async function compareSessions(
  oracle: Oracle,
  random: Random,
  count: number,
  corpus: readonly Buffer[],
): Promise<Outcome> {
  for (const format of FORMATS) {
    const next = (): Buffer => {
      const session = buildSession(format, corpus, random);
      return random() < 0.5 ? session : mutate(session, random);
    };
    const outcome = await compareBytes(
      count,
      next,
      (inputs) => oracle.session(format, inputs),
      (input, answer) => compareSession(format, input, answer, oracle.version),
    );
    if (outcome.difference !== undefined) return outcome;
  }
  return { compared: count * FORMATS.length, difference: undefined };
}

async function compareBytes(
  count: number,
  next: () => Buffer,
  judge: (inputs: readonly Buffer[]) => ReturnType<Oracle['unserialize']>,
  compare: (input: Buffer, answer: Awaited<ReturnType<typeof judge>>[number]) => string | undefined,
): Promise<Outcome> {
  for (let done = 0; done < count; done += BATCH) {
    const inputs = Array.from({ length: Math.min(BATCH, count - done) }, next);
    const differing = async (candidates: readonly Buffer[]): Promise<(string | undefined)[]> => {
      const answers = await judge(candidates);
      return candidates.map((input, index) => {
        const answer = answers[index];
        return answer === undefined ? undefined : compare(input, answer);
      });
    };
    const found = await differing(inputs);
    const failing = inputs[found.findIndex((difference) => difference !== undefined)];
    if (failing === undefined) continue;
    const smallest = await shrink(failing, smallerBytes, async (candidates) =>
      (await differing(candidates)).map((difference) => difference !== undefined),
    );
    const [difference] = await differing([smallest]);
    return {
      compared: done,
      difference:
        difference ??
        `${found.find((difference) => difference !== undefined)}\nnot again for ${show(failing)}`,
    };
  }
  return { compared: count, difference: undefined };
}

function buildSession(format: SessionFormat, corpus: readonly Buffer[], random: Random): Buffer {
  if (format === 'php_serialize') return pick(corpus, random);
  const names = ['a', 'b', 'user', '5', '-7', '', '__proto__', 'é', '!x', 'long'.repeat(32)];
  const parts = Array.from({ length: Math.floor(random() * 4) }, () => {
    const name = Buffer.from(pick(names, random));
    const head =
      format === 'php'
        ? Buffer.concat([name, Buffer.from('|')])
        : Buffer.concat([Buffer.from([name.length & 255]), name]);
    return Buffer.concat([head, pick(corpus, random)]);
  });
  return Buffer.concat(parts);
}

function pick<Item>(items: readonly Item[], random: Random): Item {
  return items[Math.floor(random() * items.length)] as Item;
}

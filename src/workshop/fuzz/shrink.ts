import type { Plan } from './plans.ts';

/**
 * Looks for a smaller case that still differs.
 *
 * @param first a case that differs
 * @param smaller lists candidates below a case, the smallest first where it can
 * @param differs asks PHP about all candidates of a round at once
 * @returns the smallest case found
 */
export async function shrink<Case>(
  first: Case,
  smaller: (found: Case) => Case[],
  differs: (candidates: readonly Case[]) => Promise<boolean[]>,
): Promise<Case> {
  let found = first;
  for (;;) {
    const candidates = smaller(found);
    const verdicts = await differs(candidates);
    const next = candidates[verdicts.indexOf(true)];
    if (next === undefined) return found;
    found = next;
  }
}

/**
 * Lists the input without each of its halves, quarters, … and single bytes.
 *
 * @param input the bytes
 * @returns shorter inputs
 */
export function smallerBytes(input: Buffer): Buffer[] {
  const candidates: Buffer[] = [];
  for (let size = input.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at + size <= input.length; at += size) {
      candidates.push(Buffer.concat([input.subarray(0, at), input.subarray(at + size)]));
    }
  }
  return candidates;
}

/**
 * Lists smaller plans that may still show the same difference.
 *
 * @param plan the plan
 * @returns its parts, and itself without one part
 */
export function smallerPlans(plan: Plan): Plan[] {
  if (plan.kind === 'shared') {
    const { value } = plan;
    if (value === undefined) return [];
    return [value, ...smallerPlans(value).map((part) => ({ ...plan, value: part }))];
  }
  if (plan.kind === 'array') {
    return smallerParts(plan.elements, (elements) => ({ ...plan, elements }));
  }
  if (plan.kind === 'object') {
    const { length } = plan.properties;
    // A declared property cannot be left out: PHP has it all the same.
    return smallerParts(plan.properties, (properties) => ({ ...plan, properties })).filter(
      (part) =>
        part.kind !== 'object' ||
        part.id !== plan.id ||
        plan.class === 'stdClass' ||
        part.properties.length === length,
    );
  }
  return [];
}

function smallerParts<Key>(
  parts: readonly (readonly [Key, Plan])[],
  rebuild: (parts: readonly (readonly [Key, Plan])[]) => Plan,
): Plan[] {
  return parts.flatMap(([key, part], index) => [
    part,
    rebuild(parts.filter((_, other) => other !== index)),
    ...smallerPlans(part).map((smaller) =>
      rebuild(parts.map((old, other) => (other === index ? ([key, smaller] as const) : old))),
    ),
  ]);
}

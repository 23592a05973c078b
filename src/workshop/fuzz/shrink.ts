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

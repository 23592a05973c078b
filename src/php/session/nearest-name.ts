/** Suggests a name for a misspelt one. */

/**
 * Finds the name with the smallest Levenshtein distance to a misspelt name.
 *
 * @param misspelt - An unknown name.
 * @param names - The names that exist, at least one.
 */
export function nearestName(misspelt: string, names: readonly string[]): string {
  const ranked = names.map((name) => ({ name, distance: distanceBetween(misspelt, name) }));
  return ranked.reduce((best, each) => (each.distance < best.distance ? each : best)).name;
}

/** Levenshtein distance by Wagner and Fischer's algorithm, one row of its matrix at a time. */
function distanceBetween(one: string, other: string): number {
  let above = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [row, character] of Array.from(one).entries()) {
    const current = [row + 1];
    for (const [at, wanted] of Array.from(other).entries()) {
      const [left = 0, over = 0, diagonal = 0] = [current[at], above[at + 1], above[at]];
      current.push(Math.min(left + 1, over + 1, diagonal + (character === wanted ? 0 : 1)));
    }
    above = current;
  }
  return above.at(-1) ?? 0;
}

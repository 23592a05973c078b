/** Tells a class of handler objects from the article's static class. */
import type { Means, SessionsConstructor, SessionsExport } from './contract.ts';

/**
 * Returns the constructor of a handler object; undefined for the static class and for an object.
 *
 * @param means - The parts for the constructor.
 */
export function handlerClassOf(
  sessions: SessionsExport,
  means: Means = {},
): SessionsConstructor | undefined {
  if (typeof sessions !== 'function') return undefined;
  const { prototype } = sessions as { prototype?: unknown };
  return isHandler(prototype) || hasHandlerFields(sessions, means) ? sessions : undefined;
}

/** `read = async () => …` is a field: it is in an object, and not in the prototype. */
function hasHandlerFields(sessions: SessionsConstructor, means: Means): boolean {
  try {
    return isHandler(new sessions(means));
  } catch {
    return false;
  }
}

function isHandler(object: unknown): boolean {
  return typeof object === 'object' && object !== null && 'open' in object && 'read' in object;
}

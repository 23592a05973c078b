/** A hook for Node's loader: `#sessions` is the class that the importing file's address names. */

/**
 * @param {string} specifier
 * @param {import('node:module').ResolveHookContext} context
 * @param {Parameters<import('node:module').ResolveHookSync>[2]} next
 * @returns {import('node:module').ResolveFnOutput}
 */
export function resolve(specifier, context, next) {
  if (!specifier.startsWith('#') || !context.parentURL) return next(specifier, context);
  const importer = new URL(context.parentURL).searchParams;
  const url = specifier === '#sessions' && importer.get('class');
  if (url) return { url, shortCircuit: true };
  const copy = importer.get('bench');
  const resolved = next(specifier, context);
  if (copy === null) return resolved;
  // Node 20 has the hook in a thread, where the next one returns a promise.
  const asCopy = ofSameCopy(copy);
  return resolved instanceof Promise ? resolved.then(asCopy) : asCopy(resolved);
}

/**
 * Two copies of a class share none of the lessons' files that it imports: `#seal` draws a password.
 *
 * @param {string} copy
 * @returns {(resolved: import('node:module').ResolveFnOutput) => import('node:module').ResolveFnOutput}
 */
function ofSameCopy(copy) {
  return (resolved) =>
    /\/lessons\/\d\d-/.test(resolved.url) // The project itself may lie in a folder of that name
      ? { ...resolved, url: `${resolved.url}?bench=${copy}` }
      : resolved;
}

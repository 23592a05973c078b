/** A hook for Node's loader: `#sessions` is the class that the importing file's address names. */

/**
 * @param {string} specifier
 * @param {import('node:module').ResolveHookContext} context
 * @param {Parameters<import('node:module').ResolveHookSync>[2]} next
 * @returns {import('node:module').ResolveFnOutput}
 */
export function resolve(specifier, context, next) {
  const { parentURL } = context;
  const url =
    specifier === '#sessions' && parentURL && new URL(parentURL).searchParams.get('class');
  return url ? { url, shortCircuit: true } : next(specifier, context);
}
